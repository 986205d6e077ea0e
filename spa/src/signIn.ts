import { within, type Clock } from './clock.js';
import { DynabindError, unreachable } from './errors.js';
import type { Timeouts } from './timeouts.js';

export interface TokenRequest {
  /** The last token was not accepted. Do not return it from a cache. */
  forceRefresh: boolean;
  /** A claims challenge that the new token must satisfy. */
  claims?: string;
}

export interface PowerBiTokenRequest {
  /** Scopes of Power BI's API, from the service. */
  scopes: string[];
  /** Power BI says that the last token has expired. */
  forceRefresh: boolean;
}

/** The token with its expiry. MSAL's `AuthenticationResult` has this form. */
export interface PowerBiToken {
  accessToken: string;
  expiresOn?: Date | null;
}

export interface SignInOptions {
  getAccessToken: (request: TokenRequest) => string | Promise<string>;
  getPowerBiToken?:
    | ((request: PowerBiTokenRequest) => string | PowerBiToken | Promise<string | PowerBiToken>)
    | undefined;
  onInteractionRequired?: ((error: DynabindError) => void | Promise<void>) | undefined;
  clock: Clock;
  timeouts: Timeouts;
}

const failed = (details: { cause?: unknown; detail?: string }): DynabindError => unreachable('sign-in-failed', details);

/** Calls the page's own sign-in with a time limit, so that a call that never settles does not block later calls. */
export async function callSignIn<T>(
  clock: Clock,
  milliseconds: number,
  name: string,
  call: () => T | Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const late = () => failed({ detail: `${name} did not settle within ${milliseconds / 1000} s.` });
  const attempt = async () => {
    try {
      return await call();
    } catch (cause) {
      throw failed({ cause });
    }
  };
  return within(attempt(), signal, { clock, milliseconds, late });
}

/** Gets a token from the page's own sign-in. An empty token is an error. */
export async function tokenFromPage<T extends string | PowerBiToken>(
  { clock, timeouts }: SignInOptions,
  name: string,
  get: () => T | Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const token = await callSignIn(clock, timeouts.signIn, name, get, signal);
  if (typeof token === 'string' ? token : token?.accessToken) return token;
  throw failed({ detail: `${name} gave no token.` });
}

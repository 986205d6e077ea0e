import { within, type Clock } from './clock.js';
import { DynabindError, unreachable } from './errors.js';
import type { Timeouts } from './timeouts.js';

export interface TokenRequest {
  /** The last token was not accepted: do not return it from a cache. */
  forceRefresh: boolean;
  /** A claims challenge that the new token has to meet. */
  claims?: string;
}

export interface PowerBiTokenRequest {
  /** Scopes of Power BI's API, from the service. */
  scopes: string[];
  /** Power BI says that the last token has expired. */
  forceRefresh: boolean;
}

/** MSAL's `AuthenticationResult` fits. */
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

/** The page's own sign-in, with limits: a call that never ends must not end everything else. */
export interface SignIn {
  token<T extends string | PowerBiToken>(name: string, get: () => T | Promise<T>, signal: AbortSignal): Promise<T>;
  /** How to get a better token after a 401. */
  again(error: DynabindError): Promise<{ claims?: string }> | undefined;
}

/** Calls that fail at the same time share one interaction with the person. */
export function sharedInteraction({ onInteractionRequired, clock, timeouts }: SignInOptions): SignIn {
  let interaction: Promise<void> | undefined;
  const failed = (details: { cause?: unknown; detail?: string }) => unreachable('sign-in-failed', details);
  const attempt = async <T>(ask: () => T | Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (cause) {
      throw failed({ cause });
    }
  };
  const limited = <T>(promise: Promise<T>, milliseconds: number, name: string, signal: AbortSignal) => {
    const late = () => failed({ detail: `${name} did not settle within ${milliseconds / 1000} s.` });
    return within(promise, signal, { clock, milliseconds, late });
  };
  return {
    async token(name, get, signal) {
      const token = await limited(attempt(get), timeouts.signIn, name, signal);
      if (typeof token === 'string' ? token : token?.accessToken) return token;
      throw failed({ detail: `${name} gave no token.` });
    },
    again(error) {
      if (error.code === 'unauthenticated') return Promise.resolve({});
      if (error.code !== 'interaction-required' || !onInteractionRequired) return undefined;
      interaction ??= limited(
        attempt(() => onInteractionRequired(error)),
        timeouts.interaction,
        'onInteractionRequired',
        new AbortController().signal,
      ).finally(() => (interaction = undefined));
      return interaction.then(() => (error.claims === undefined ? {} : { claims: error.claims }));
    },
  };
}

import { TEXTS, type ErrorCode } from './texts.js';

export interface ErrorDetails {
  status?: number | undefined;
  title?: string | undefined;
  detail?: string | undefined;
  requestId?: string | undefined;
  upstreamRequestId?: string | undefined;
  /** Places of the request that are at fault, as JSON pointers. */
  errors?: readonly { pointer: string; detail: string }[] | undefined;
  retryAfterSeconds?: number | undefined;
  /** The claims challenge of Entra as JSON text, for the sign-in library. */
  claims?: string | undefined;
  /** Set on errors of a handle: nothing usable is on the screen. */
  fatal?: boolean | undefined;
  cause?: unknown;
}

/** Every failure of Dynabind. `message` says what happened, `remedy` what a person can do about it. */
export class DynabindError extends Error {
  declare readonly code: ErrorCode;
  declare readonly title: string;
  declare readonly remedy: string;
  declare readonly status: number | undefined;
  declare readonly detail: string | undefined;
  declare readonly requestId: string | undefined;
  declare readonly upstreamRequestId: string | undefined;
  declare readonly errors: ErrorDetails['errors'];
  declare readonly retryAfterSeconds: number | undefined;
  declare readonly claims: string | undefined;
  declare readonly fatal: boolean | undefined;

  constructor(code: ErrorCode, { cause, ...details }: ErrorDetails = {}) {
    const [message, remedy] = TEXTS[code];
    super(message, { cause });
    Object.assign(this, { name: 'DynabindError', title: message, ...details, code, remedy });
  }
}

/** One answer can fail several reports, and be fatal for some of them only. */
export function asFatal(error: DynabindError, fatal: boolean): DynabindError {
  return new DynabindError(error.code, { ...error, cause: error.cause, fatal });
}

/** Refusals of these bindings: the same request fails again, a request with fewer bindings may not. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'invalid-request',
  'dataset-required',
  'bindings-conflict',
  'not-entitled',
  'claim-missing',
]);
const SIGN_IN_FAULTS: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'interaction-required', 'sign-in-failed']);
const LOST_CONTACT: ReadonlySet<ErrorCode> = new Set(['offline', 'network-failed', 'service-timeout']);

export const isRefusal = (error: DynabindError): boolean => REFUSALS.has(error.code);
export const isSignInFault = (error: DynabindError): boolean => SIGN_IN_FAULTS.has(error.code);
export const isLostContact = (error: DynabindError): boolean => LOST_CONTACT.has(error.code);
/** One binding of many may be the only one at fault: `upstream-rejected` is Power BI saying so. */
export const mayBeOneOfMany = (error: DynabindError): boolean => isRefusal(error) || error.code === 'upstream-rejected';

export const aborted = (): DynabindError => new DynabindError('aborted');
export const wrongUse = (detail: string): DynabindError => new DynabindError('invalid-argument', { detail });
export const unexpected = (detail: string): DynabindError => new DynabindError('unexpected-answer', { detail });

/** A failure to reach anything; the browser may know that there is no connection. */
export function unreachable(code: ErrorCode, details: ErrorDetails): DynabindError {
  return new DynabindError(globalThis.navigator?.onLine === false ? 'offline' : code, details);
}

export function toDynabindError(cause: unknown, code: ErrorCode = 'internal-client'): DynabindError {
  return cause instanceof DynabindError ? cause : new DynabindError(code, { cause });
}

import { TEXTS, type ErrorCode } from './texts.js';

export interface ErrorDetails {
  status?: number | undefined;
  title?: string | undefined;
  detail?: string | undefined;
  requestId?: string | undefined;
  upstreamRequestId?: string | undefined;
  /** Places in the request that are at fault, as JSON pointers. */
  errors?: readonly { pointer: string; detail: string }[] | undefined;
  retryAfterSeconds?: number | undefined;
  /** The claims challenge of Entra, to be handed to the sign-in library. */
  claims?: string | undefined;
  cause?: unknown;
}

/** Everything that goes wrong in Dynabind. `message` says what happened, `remedy` what a person can do about it. */
export class DynabindError extends Error {
  override readonly name = 'DynabindError';
  readonly code: ErrorCode;
  readonly title: string;
  readonly remedy: string;
  readonly status: number | undefined;
  readonly detail: string | undefined;
  readonly requestId: string | undefined;
  readonly upstreamRequestId: string | undefined;
  readonly errors: ErrorDetails['errors'];
  readonly retryAfterSeconds: number | undefined;
  readonly claims: string | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const text = TEXTS[code];
    super(text.message, { cause: details.cause });
    this.code = code;
    this.title = details.title ?? text.message;
    this.remedy = text.remedy;
    this.status = details.status;
    this.detail = details.detail;
    this.requestId = details.requestId;
    this.upstreamRequestId = details.upstreamRequestId;
    this.errors = details.errors;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.claims = details.claims;
  }
}

/** Refusals of this request by these bindings: asking again for the same changes nothing, asking for fewer may. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'invalid-request',
  'dataset-required',
  'not-entitled',
  'claim-missing',
]);
const SIGN_IN_FAULTS: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'interaction-required', 'sign-in-failed']);

export const isRefusal = (error: DynabindError): boolean => REFUSALS.has(error.code);
export const isSignInFault = (error: DynabindError): boolean => SIGN_IN_FAULTS.has(error.code);
/** One binding of many may be the only one at fault: `upstream-rejected` is Power BI saying so. */
export const mayBeOneOfMany = (error: DynabindError): boolean => isRefusal(error) || error.code === 'upstream-rejected';

export const aborted = (): DynabindError => new DynabindError('aborted');

export function toDynabindError(cause: unknown, code: ErrorCode = 'internal-client'): DynabindError {
  return cause instanceof DynabindError ? cause : new DynabindError(code, { cause });
}

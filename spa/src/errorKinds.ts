import type { DynabindError } from './errors.js';
import type { ErrorCode } from './texts.js';

/** Refusals of bindings. The same request fails again; a request with fewer bindings may succeed. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'invalid-request',
  'dataset-required',
  'bindings-conflict',
  'not-entitled',
  'claim-missing',
]);
const SIGN_IN_ERRORS: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'interaction-required', 'sign-in-failed']);
const LOST_CONTACT: ReadonlySet<ErrorCode> = new Set(['offline', 'network-failed', 'service-timeout']);

export const isRefusal = (error: DynabindError): boolean => REFUSALS.has(error.code);
export const isSignInError = (error: DynabindError): boolean => SIGN_IN_ERRORS.has(error.code);
export const isLostContact = (error: DynabindError): boolean => LOST_CONTACT.has(error.code);
/** Whether one binding of many may be the cause. With `upstream-rejected`, Power BI refuses one of them. */
export const mayBeOneOfMany = (error: DynabindError): boolean => isRefusal(error) || error.code === 'upstream-rejected';

import type { ErrorCode } from './texts.js';

export interface ErrorDetails {
  status?: number | undefined;
  title?: string | undefined;
  detail?: string | undefined;
  requestId?: string | undefined;
  upstreamRequestId?: string | undefined;
  /** The wrong parts of the request, as JSON pointers. */
  errors?: readonly { pointer: string; detail: string }[] | undefined;
  retryAfterSeconds?: number | undefined;
  /** The claims challenge of Entra as JSON text, for the sign-in library. */
  claims?: string | undefined;
  /** Set on errors of a handle. If it is true, no usable report is on the screen. */
  fatal?: boolean | undefined;
  cause?: unknown;
}

/** What happened, and what the user can do. */
export type Text = readonly [message: string, remedy: string];

const GENERIC = 'internal-client';

/**
 * The texts of errors that occur before or without the second file. The second file adds all others, and each error is
 * reported only after the second file has loaded or failed to load.
 */
export const texts: Partial<Record<ErrorCode, Text>> = {
  'invalid-argument': ['The page uses the client wrongly.', 'See `detail`.'],
  offline: ['You are offline.', 'The page continues when the connection is back.'],
  disposed: ['This report was closed.', 'Embed again.'],
};

export function useGenericText(): void {
  texts[GENERIC] ??= ['The report cannot be shown.', 'Reload the page.'];
}

/** Every failure of Dynabind. `message` says what happened. `remedy` says what the user can do. */
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
    const [message = '', remedy] = texts[code] ?? texts[GENERIC] ?? [];
    super(message, { cause });
    Object.assign(this, { name: 'DynabindError', ...details, title: details.title || message, code, remedy });
  }
}

/** A copy with the texts that have loaded since. It is a copy, because one error may concern several reports and be fatal for only some. */
export function copyOf(error: DynabindError, fatal?: boolean): DynabindError {
  return new DynabindError(error.code, { ...error, cause: error.cause, fatal });
}

export const aborted = (): DynabindError => new DynabindError('aborted');
export const wrongUse = (detail: string): DynabindError => new DynabindError('invalid-argument', { detail });
export const unexpected = (detail: string): DynabindError => new DynabindError('unexpected-answer', { detail });

/** The error of a failed connection. If the browser knows that it is offline, the code is `offline`. */
export function unreachable(code: ErrorCode, details: ErrorDetails): DynabindError {
  return new DynabindError(globalThis.navigator?.onLine === false ? 'offline' : code, details);
}

export function toDynabindError(cause: unknown, code: ErrorCode = GENERIC): DynabindError {
  return cause instanceof DynabindError ? cause : new DynabindError(code, { cause });
}

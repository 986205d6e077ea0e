import type { models } from 'powerbi-client';
import { DynabindError } from './errors.js';
import type { ErrorCode } from './texts.js';

type Fault = Partial<models.IError>;

function faultsOf(value: unknown): Fault[] {
  if (Array.isArray(value)) return value.flatMap(faultsOf);
  if (typeof value === 'string') return [{ message: value }];
  return typeof value === 'object' && value !== null ? [value] : [];
}

/** powerbi-client throws arrays, bodies of answers and errors alike; this is what they say in words. */
export function detailOf(value: unknown): string | undefined {
  const texts = faultsOf(value).flatMap((fault) => [fault.message, fault.detailedMessage]);
  return [...new Set(texts)].filter((text) => typeof text === 'string' && text).join(': ') || undefined;
}

export function isExpiry(value: unknown): boolean {
  return faultsOf(value).some((fault) => fault.message === 'TokenExpired' || fault.errorCode === 'TokenExpired');
}

export function powerBiError(code: ErrorCode, cause: unknown): DynabindError {
  const requestId = faultsOf(cause)[0]?.technicalDetails?.requestId;
  return new DynabindError(code, { cause, detail: detailOf(cause), upstreamRequestId: requestId });
}

import type { models } from 'powerbi-client';
import { DynabindError } from './errors.js';

type ReportedError = Partial<models.IError>;

function reportedErrors(value: unknown): ReportedError[] {
  if (Array.isArray(value)) return value.flatMap(reportedErrors);
  if (typeof value === 'string') return [{ message: value }];
  return typeof value === 'object' && value ? [value] : [];
}

/** Whether Power BI says of a load that the token has expired. */
export function isExpiry({ code, cause }: DynabindError): boolean {
  const isLoad = code === 'load-failed' || code === 'load-refused';
  const isExpired = ({ message, errorCode }: ReportedError) => message === 'TokenExpired' || errorCode === 'TokenExpired';
  return isLoad && reportedErrors(cause).some(isExpired);
}

const BY_POWER_BI = new Set(['config-refused', 'load-refused', 'load-failed', 'token-refused']);

/** powerbi-client throws arrays, bodies of answers, and errors. Their texts become `detail`. */
export function withDetail(error: DynabindError): DynabindError {
  const { code, cause } = error;
  const errors = reportedErrors(cause);
  if (!BY_POWER_BI.has(code) || errors.length === 0) return error;
  const texts = errors.flatMap(({ message, detailedMessage }) => [message, detailedMessage]);
  const detail = [...new Set(texts)].filter((text) => typeof text === 'string' && text).join(': ') || undefined;
  return new DynabindError(code, { cause, detail, upstreamRequestId: errors[0]?.technicalDetails?.requestId });
}

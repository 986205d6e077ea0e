import { requestIdOf } from './api.js';
import { DynabindError } from './errors.js';
import { isErrorCode, type ErrorCode } from './texts.js';

const PREFIX = 'urn:dynabind:problem:';

/** Codes for the gateway's own answers, which have no problem document. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-request',
  401: 'unauthenticated',
  403: 'not-entitled',
  404: 'method-not-allowed',
  413: 'payload-too-large',
  429: 'too-many-requests',
  500: 'internal',
  502: 'upstream-failed',
  503: 'upstream-throttled',
  504: 'upstream-timeout',
};

interface Fields {
  type?: unknown;
  title?: unknown;
  detail?: unknown;
  requestId?: unknown;
  upstreamRequestId?: unknown;
  errors?: unknown;
  claims?: unknown;
}

export async function problemFrom(response: Response): Promise<DynabindError> {
  const body = await fieldsOf(response);
  return new DynabindError(codeOf(body.type, response.status), {
    status: response.status,
    title: textOf(body.title),
    detail: textOf(body.detail),
    requestId: textOf(body.requestId) ?? requestIdOf(response),
    upstreamRequestId: textOf(body.upstreamRequestId),
    errors: pointersOf(body.errors),
    retryAfterSeconds: retryAfter(response.headers.get('retry-after')),
    claims: textOf(body.claims) ?? challengeIn(response.headers),
  });
}

async function fieldsOf(response: Response): Promise<Fields> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

function codeOf(type: unknown, status: number): ErrorCode {
  const code = typeof type === 'string' && type.startsWith(PREFIX) ? type.slice(PREFIX.length) : '';
  return isErrorCode(code) ? code : (BY_STATUS[status] ?? 'unexpected-answer');
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);

function pointersOf(value: unknown): { pointer: string; detail: string }[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((entry: { pointer?: unknown; detail?: unknown } | null) =>
    typeof entry?.pointer === 'string' ? [{ pointer: entry.pointer, detail: textOf(entry.detail) ?? '' }] : [],
  );
}

function retryAfter(header: string | null): number | undefined {
  if (!header) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** The challenge is base64 in `WWW-Authenticate: Bearer …, claims="…"`, which API Gateway renames. MSAL needs it as JSON. */
function challengeIn(headers: Headers): string | undefined {
  const header = headers.get('www-authenticate') ?? headers.get('x-amzn-remapped-www-authenticate') ?? '';
  const claims = /\bclaims="([^"]+)"/.exec(header)?.[1];
  if (!claims) return undefined;
  try {
    const json = atob(claims.replaceAll('-', '+').replaceAll('_', '/'));
    JSON.parse(json);
    return json;
  } catch {
    return claims;
  }
}

import { within, type Clock } from './clock.js';
import type { Binding, ConfigAnswer, EmbedConfig } from './contract.js';
import { checkedConfigs } from './answers.js';
import { deadlines, type Deadlines } from './deadlines.js';
import { aborted, DynabindError, toDynabindError, unreachable } from './errors.js';
import { later } from './load.js';
import { tokenFromPage, type SignInOptions } from './signIn.js';
import type { Timeouts } from './timeouts.js';

export interface ApiOptions extends SignInOptions {
  apiUrl: string;
  fetch: typeof globalThis.fetch;
  clock: Clock;
  timeouts: Timeouts;
}

/** A token for Power BI. The object does not change; a renewal makes a new one. */
export interface Token extends Deadlines {
  token: string;
  tokenType: 0 | 1;
  tokenId: string | undefined;
  /** The id, in the gateway's log, of the request that returned the token. */
  requestId: string | undefined;
  /** Set if the page gets the token itself. */
  scopes: string[] | undefined;
}

export interface Answered<Answer> {
  answer: Answer;
  requestId: string | undefined;
}

/** The values that differ between the attempts of one request. */
export interface Attempt {
  forceRefresh: boolean;
  claims?: string;
}

export const requestIdOf = ({ headers }: Response): string | undefined => headers.get('apigw-requestid') ?? undefined;

/** The routes of the service: caller token, time limits, checked answers, typed errors. */
export class Api {
  readonly options: ApiOptions;
  /** Ids of datasets by key, from the service. */
  readonly datasetIds = new Map<string, string>();

  constructor(options: ApiOptions) {
    this.options = options;
  }

  async config(bindings: readonly Binding[], signal: AbortSignal): Promise<{ configs: EmbedConfig[]; token: Token }> {
    const { answer, requestId } = await this.call<ConfigAnswer>('/config', signal, { bindings });
    const configs = checkedConfigs(answer, bindings, this.datasetIds);
    const { accessToken: token = '', tokenType } = configs[0] as EmbedConfig;
    const { scopes, tokenId } = answer;
    if (scopes) return { configs, token: await (await later()).powerBiToken(this, scopes, false, signal, requestId) };
    return { configs, token: { token, tokenType, tokenId, requestId, scopes, ...deadlines(answer, this.options.clock.now()) } };
  }

  /** Sends a GET, or a POST of `body`. Repeats a failed request if that may help. */
  async call<Answer>(path: string, signal: AbortSignal, body?: object): Promise<Answered<Answer>> {
    const once = (attempt: Attempt) => this.#once<Answer>(path, signal, body, attempt);
    try {
      return await once({ forceRefresh: false });
    } catch (cause) {
      if (signal.aborted) throw aborted();
      const error = toDynabindError(cause);
      const all = await later().catch(() => undefined);
      if (all) return all.tryAgain(this, once, error, signal);
      throw error;
    }
  }

  async #once<Answer>(path: string, signal: AbortSignal, body: object | undefined, attempt: Attempt): Promise<Answered<Answer>> {
    const { getAccessToken, clock, timeouts } = this.options;
    const token = await tokenFromPage(this.options, 'getAccessToken', () => getAccessToken(attempt), signal);
    const giveUp = new AbortController();
    const stop = () => giveUp.abort();
    signal.addEventListener('abort', stop);
    const limited = <T>(promise: Promise<T>, milliseconds: number) =>
      within(promise, signal, { clock, milliseconds, late: () => unreachable('service-timeout', {}) });
    try {
      const response = await limited(this.send(path, token, body, { signal: giveUp.signal }), timeouts.request);
      return await limited(answerOf<Answer>(response), timeouts.body);
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
    }
  }

  async send(path: string, token: string, body: object | undefined, init: RequestInit): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const request: RequestInit = { headers, cache: 'no-store', credentials: 'omit', ...init };
    if (body) {
      headers['content-type'] = 'application/json';
      Object.assign(request, { method: 'POST', body: JSON.stringify(body) });
    }
    try {
      return await this.options.fetch(this.options.apiUrl + path, request);
    } catch (cause) {
      throw unreachable('network-failed', { cause });
    }
  }
}

async function answerOf<Answer>(response: Response): Promise<Answered<Answer>> {
  if (!response.ok) throw await (await later()).problemFrom(response);
  const requestId = requestIdOf(response);
  let cause: unknown;
  try {
    const answer: unknown = await response.json();
    if (typeof answer === 'object' && answer) return { answer: answer as Answer, requestId };
  } catch (invalid) {
    cause = invalid;
  }
  throw new DynabindError('unexpected-answer', { status: response.status, cause, requestId });
}

import { sleep, within, type Clock } from './clock.js';
import type { Binding, ConfigAnswer, DatasetList, EmbedConfig, Path, TokenAnswer } from './contract.js';
import { deadlines, type Deadlines } from './deadlines.js';
import { aborted, DynabindError, toDynabindError, unexpected, unreachable, wrongUse } from './errors.js';
import { parts } from './parts.js';
import { problemFrom, requestIdOf } from './problem.js';
import { sharedInteraction, type SignIn, type SignInOptions } from './signIn.js';
import type { Timeouts } from './timeouts.js';

export interface ApiOptions extends SignInOptions {
  apiUrl: string;
  fetch: typeof globalThis.fetch;
  clock: Clock;
  timeouts: Timeouts;
}

/** A token for Power BI. It does not change; a renewal gives another one. */
export interface Token extends Deadlines {
  token: string;
  tokenType: 0 | 1;
  tokenId: string | undefined;
  /** Id of the request that the token came with, in the gateway's log. */
  requestId: string | undefined;
  /** Set where the page gets the token itself. */
  scopes: string[] | undefined;
}

interface Call {
  method: 'GET' | 'POST';
  path: Path;
  query?: string;
  bindings?: readonly Binding[];
  signal: AbortSignal;
}

interface Answered<Answer> {
  answer: Answer;
  requestId: string | undefined;
}

const MOST_TRIES = 4;
const LONGEST_WAIT = 60_000;

/** The three routes of the service: caller token, bounded retries, time limits, checked answers, typed errors. */
export class Api {
  readonly #options: ApiOptions;
  readonly #signIn: SignIn;
  readonly #datasetIds = new Map<string, string>();

  constructor(options: ApiOptions) {
    this.#options = { ...options, apiUrl: options.apiUrl.replace(/\/+$/, '') };
    this.#signIn = sharedInteraction(options);
  }

  async config(bindings: readonly Binding[], signal: AbortSignal): Promise<{ configs: EmbedConfig[]; token: Token }> {
    const { answer, requestId } = await this.#call<ConfigAnswer>({ method: 'POST', path: '/config', bindings, signal });
    const { checkedConfigs } = await parts();
    const configs = checkedConfigs(answer, bindings, this.#datasetIds);
    const { accessToken = '', tokenType } = configs[0] as EmbedConfig;
    const { scopes, tokenId } = answer;
    if (scopes) return { configs, token: await this.#powerBiToken(scopes, false, signal, requestId) };
    return { configs, token: { token: accessToken, tokenType, tokenId, requestId, scopes, ...this.#deadlines(answer) } };
  }

  /** The successor of a token; `force`: Power BI says that it has expired. */
  async renew(old: Token, bindings: readonly Binding[], force: boolean, signal: AbortSignal): Promise<Token> {
    const { scopes, tokenType } = old;
    if (scopes) return this.#powerBiToken(scopes, force, signal);
    const { answer, requestId } = await this.#call<TokenAnswer>({ method: 'POST', path: '/token', bindings, signal });
    const { token, tokenId } = answer;
    if (typeof token !== 'string' || !token) throw unexpected('/token is missing or wrong.');
    if (answer.tokenType !== (tokenType ? 'Embed' : 'Aad')) throw unexpected('/tokenType is missing or wrong.');
    return { token, tokenType, tokenId, requestId, scopes, ...this.#deadlines(answer) };
  }

  async datasets(report: string | undefined, signal: AbortSignal): Promise<DatasetList> {
    const query = report === undefined ? '' : `?report=${encodeURIComponent(report)}`;
    const { answer } = await this.#call<DatasetList>({ method: 'GET', path: '/datasets', query, signal });
    if (!Array.isArray(answer.datasets) || !Array.isArray(answer.reports)) throw unexpected('This is no list.');
    for (const { dataset, datasetId } of answer.datasets) this.#datasetIds.set(dataset, datasetId);
    return answer;
  }

  #deadlines(answer: ConfigAnswer | TokenAnswer): Deadlines {
    return deadlines(answer, this.#options.clock.now());
  }

  async #powerBiToken(scopes: string[], force: boolean, signal: AbortSignal, requestId?: string): Promise<Token> {
    const { getPowerBiToken, clock } = this.#options;
    if (!getPowerBiToken) throw wrongUse('The service answers with `scopes`: pass getPowerBiToken.');
    const got = await this.#signIn.token('getPowerBiToken', () => getPowerBiToken({ scopes, forceRefresh: force }), signal);
    const { accessToken, expiresOn } = typeof got === 'string' ? { accessToken: got, expiresOn: null } : got;
    const lifetimeSeconds = expiresOn ? Math.max((expiresOn.getTime() - Date.now()) / 1000, 0) : undefined;
    const refreshAfterSeconds = lifetimeSeconds && Math.max(lifetimeSeconds - 600, lifetimeSeconds / 2);
    const life = deadlines({ lifetimeSeconds, refreshAfterSeconds }, clock.now());
    return { token: accessToken, tokenType: 0, tokenId: undefined, requestId, scopes, ...life };
  }

  async #call<Answer>(call: Call): Promise<Answered<Answer>> {
    let again: { claims?: string } | undefined;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once<Answer>(call, { forceRefresh: again !== undefined, ...again });
      } catch (cause) {
        const error = toDynabindError(cause);
        if (call.signal.aborted) throw aborted();
        const next = again ? undefined : this.#signIn.again(error);
        if (next) {
          again = await within(next, call.signal);
          continue;
        }
        const milliseconds = waitBeforeRetry(error, tries);
        if (milliseconds === undefined) throw error;
        await sleep(this.#options.clock, milliseconds, call.signal);
      }
    }
  }

  async #once<Answer>(call: Call, request: { forceRefresh: boolean; claims?: string }): Promise<Answered<Answer>> {
    const { getAccessToken, clock, timeouts } = this.#options;
    const token = await this.#signIn.token('getAccessToken', () => getAccessToken(request), call.signal);
    const giveUp = new AbortController();
    const stop = () => giveUp.abort();
    call.signal.addEventListener('abort', stop);
    const limited = <T>(promise: Promise<T>, milliseconds: number) =>
      within(promise, call.signal, { clock, milliseconds, late: () => unreachable('service-timeout', {}) });
    try {
      const response = await limited(this.#send(call, token, giveUp.signal), timeouts.request);
      if (!response.ok) throw await limited(problemFrom(response), timeouts.body);
      return { answer: await limited(answerOf<Answer>(response), timeouts.body), requestId: requestIdOf(response) };
    } finally {
      stop();
      call.signal.removeEventListener('abort', stop);
    }
  }

  async #send({ method, path, query = '', bindings }: Call, token: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    if (bindings) headers['content-type'] = 'application/json';
    const body = bindings ? JSON.stringify({ bindings }) : null;
    try {
      const url = this.#options.apiUrl + path + query;
      return await this.#options.fetch(url, { method, headers, signal, cache: 'no-store', credentials: 'omit', body });
    } catch (cause) {
      throw unreachable('network-failed', { cause });
    }
  }
}

async function answerOf<Answer>(response: Response): Promise<Answer> {
  const { status } = response;
  let cause: unknown;
  try {
    const answer: unknown = await response.json();
    if (typeof answer === 'object' && answer !== null) return answer as Answer;
  } catch (fault) {
    cause = fault;
  }
  throw new DynabindError('unexpected-answer', { status, cause, requestId: requestIdOf(response) });
}

/** Only what the service asks to be tried later, and what never reached it. A long wait is left to the caller. */
function waitBeforeRetry(error: DynabindError, tries: number): number | undefined {
  const { status, code } = error;
  const retryable = status === 503 || status === 429 || code === 'network-failed' || code === 'offline';
  if (!retryable || tries >= MOST_TRIES) return undefined;
  const wait = (error.retryAfterSeconds ?? 2 ** (tries - 1)) * 1000;
  return wait <= LONGEST_WAIT ? wait : undefined;
}

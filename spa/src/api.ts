import { sleep, unlessAborted, type Clock } from './clock.js';
import type { Binding, ConfigAnswer, DatasetList, Path, TokenAnswer } from './contract.js';
import { deadlines, type Deadlines } from './deadlines.js';
import { aborted, DynabindError, toDynabindError } from './errors.js';
import { problemFrom } from './problem.js';

export interface TokenRequest {
  /** The service did not accept the last one: a cached one will not do. */
  forceRefresh: boolean;
  /** A claims challenge that the new token has to meet. */
  claims?: string;
}

export interface ApiOptions {
  apiUrl: string;
  getAccessToken: (request: TokenRequest) => string | Promise<string>;
  onInteractionRequired?: ((error: DynabindError) => void | Promise<void>) | undefined;
  fetch: typeof globalThis.fetch;
  clock: Clock;
}

export type Granted<Answer> = Answer & { deadlines: Deadlines };

interface Call {
  method: 'GET' | 'POST';
  path: Path;
  query?: string;
  body?: unknown;
  signal: AbortSignal;
}

const MOST_TRIES = 4;
const LONGEST_WAIT = 60_000;
const LONGEST_ANSWER = 30_000;

/** The service's three routes, with the caller's token, bounded retries and typed errors. */
export class Api {
  readonly #options: ApiOptions;
  #interaction: Promise<void> | undefined;

  constructor(options: ApiOptions) {
    this.#options = { ...options, apiUrl: options.apiUrl.replace(/\/+$/, '') };
  }

  async config(bindings: readonly Binding[], signal: AbortSignal): Promise<Granted<ConfigAnswer>> {
    const answer = await this.#granted<ConfigAnswer>('/config', bindings, signal);
    if (!Array.isArray(answer.configs) || answer.configs.length !== bindings.length) {
      throw new DynabindError('unexpected-answer', { detail: 'The number of configs is not that of the bindings.' });
    }
    return answer;
  }

  async token(bindings: readonly Binding[], signal: AbortSignal): Promise<Granted<TokenAnswer>> {
    const answer = await this.#granted<TokenAnswer>('/token', bindings, signal);
    if (!answer.token) throw new DynabindError('unexpected-answer', { detail: 'The answer has no token.' });
    return answer;
  }

  async datasets(report: string | undefined, signal: AbortSignal): Promise<DatasetList> {
    const query = report === undefined ? '' : `?report=${encodeURIComponent(report)}`;
    return (await this.#call<DatasetList>({ method: 'GET', path: '/datasets', query, signal })).answer;
  }

  async #granted<Answer extends ConfigAnswer | TokenAnswer>(
    path: Path,
    bindings: readonly Binding[],
    signal: AbortSignal,
  ): Promise<Granted<Answer>> {
    const { answer, date } = await this.#call<Answer>({ method: 'POST', path, body: { bindings }, signal });
    return { ...answer, deadlines: deadlines(answer, date, this.#options.clock.now()) };
  }

  async #call<Answer>(call: Call): Promise<{ answer: Answer; date: string | null }> {
    let token: TokenRequest = { forceRefresh: false };
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once<Answer>(call, token);
      } catch (cause) {
        const error = toDynabindError(cause);
        if (call.signal.aborted) throw aborted();
        const next = this.#signInAgain(error, token);
        if (next) {
          token = await unlessAborted(next, call.signal);
          continue;
        }
        const wait = waitBeforeRetry(error, tries);
        if (wait === undefined) throw error;
        await sleep(this.#options.clock, wait, call.signal);
      }
    }
  }

  /** How to get a better caller token after a 401; at most once per call. */
  #signInAgain(error: DynabindError, last: TokenRequest): Promise<TokenRequest> | undefined {
    if (last.forceRefresh) return undefined;
    if (error.code === 'unauthenticated') return Promise.resolve({ forceRefresh: true });
    const interact = this.#options.onInteractionRequired;
    if (error.code !== 'interaction-required' || !interact) return undefined;
    this.#interaction ??= Promise.resolve(error)
      .then(interact)
      .finally(() => (this.#interaction = undefined));
    return this.#interaction.then(
      () => ({ forceRefresh: true, ...(error.claims === undefined ? {} : { claims: error.claims }) }),
      (cause: unknown) => {
        throw new DynabindError('sign-in-failed', { cause });
      },
    );
  }

  async #once<Answer>(call: Call, request: TokenRequest): Promise<{ answer: Answer; date: string | null }> {
    const token = await unlessAborted(this.#callerToken(request), call.signal);
    const { clock } = this.#options;
    const giveUp = new AbortController();
    const stop = () => giveUp.abort();
    call.signal.addEventListener('abort', stop, { once: true });
    const timer = clock.setTimeout(stop, LONGEST_ANSWER);
    try {
      const response = await this.#send(call, token, giveUp.signal);
      if (!response.ok) throw await unlessAborted(problemFrom(response, clock.now()), call.signal);
      return { answer: await answerOf<Answer>(response, call.signal), date: response.headers.get('date') };
    } finally {
      clock.clearTimeout(timer);
      call.signal.removeEventListener('abort', stop);
    }
  }

  async #callerToken(request: TokenRequest): Promise<string> {
    try {
      const token = await this.#options.getAccessToken(request);
      if (token) return token;
    } catch (cause) {
      throw new DynabindError('sign-in-failed', { cause });
    }
    throw new DynabindError('sign-in-failed', { detail: 'getAccessToken gave no token.' });
  }

  async #send(call: Call, token: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    try {
      return await this.#options.fetch(`${this.#options.apiUrl}${call.path}${call.query ?? ''}`, {
        method: call.method,
        headers,
        signal,
        cache: 'no-store',
        credentials: 'omit',
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
    } catch (cause) {
      throw new DynabindError('network-failed', { cause });
    }
  }
}

async function answerOf<Answer>(response: Response, signal: AbortSignal): Promise<Answer> {
  try {
    const answer: unknown = await unlessAborted(response.json(), signal);
    if (typeof answer === 'object' && answer !== null) return answer as Answer;
  } catch (cause) {
    if (signal.aborted) throw aborted();
    throw new DynabindError('unexpected-answer', { status: response.status, cause });
  }
  throw new DynabindError('unexpected-answer', { status: response.status });
}

/** Only what the service asks to be tried later, and what never reached it; a wait too long is the caller's to plan. */
function waitBeforeRetry(error: DynabindError, tries: number): number | undefined {
  const retryable = error.status === 503 || error.status === 429 || error.code === 'network-failed';
  if (!retryable || tries >= MOST_TRIES) return undefined;
  const wait = (error.retryAfterSeconds ?? 2 ** (tries - 1)) * 1000;
  return wait <= LONGEST_WAIT ? wait : undefined;
}

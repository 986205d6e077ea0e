import type { Answered, Api, Attempt, Token } from './api.js';
import { sleep, within } from './clock.js';
import type { Binding, DatasetList, TokenAnswer } from './contract.js';
import { deadlines } from './deadlines.js';
import { aborted, type DynabindError, toDynabindError, unexpected, wrongUse } from './errors.js';
import { callSignIn, tokenFromPage } from './signIn.js';

const MOST_TRIES = 4;
const LONGEST_WAIT = 60_000;

/** Repeats a failed request a few times: with a better caller token, or after a pause. */
export async function tryAgain<Answer>(
  api: Api,
  once: (attempt: Attempt) => Promise<Answered<Answer>>,
  error: DynabindError,
  signal: AbortSignal,
): Promise<Answered<Answer>> {
  let attempt: Attempt = { forceRefresh: false };
  for (let tries = 1; ; tries++) {
    if (signal.aborted) throw aborted();
    const better = attempt.forceRefresh ? undefined : betterSignIn(api, error);
    if (better) attempt = { forceRefresh: true, ...(await within(better, signal)) };
    else {
      const milliseconds = waitBeforeRetry(error, tries);
      if (milliseconds === undefined) throw error;
      await sleep(api.options.clock, milliseconds, signal);
    }
    try {
      return await once(attempt);
    } catch (cause) {
      error = toDynabindError(cause);
    }
  }
}

/** Requests that fail at the same time share one interaction with the user. */
const interactions = new WeakMap<Api, Promise<void>>();

/** Gets a better token after a 401; `undefined` if that is not possible. */
function betterSignIn(api: Api, error: DynabindError): Promise<{ claims?: string }> | undefined {
  const { onInteractionRequired, clock, timeouts } = api.options;
  if (error.code === 'unauthenticated') return Promise.resolve({});
  if (error.code !== 'interaction-required' || !onInteractionRequired) return undefined;
  let interaction = interactions.get(api);
  if (!interaction) {
    const { signal } = new AbortController();
    const call = () => onInteractionRequired(error);
    interaction = callSignIn(clock, timeouts.interaction, 'onInteractionRequired', call, signal);
    interactions.set(api, interaction);
    const end = () => interactions.delete(api);
    interaction.then(end, end);
  }
  return interaction.then(() => (error.claims === undefined ? {} : { claims: error.claims }));
}

/**
 * The wait before a request is repeated. Requests are repeated if the service asks for it, or if they did not reach the
 * service. `undefined`: the request is not repeated, or the wait would be too long.
 */
function waitBeforeRetry(error: DynabindError, tries: number): number | undefined {
  const { status, code } = error;
  const retryable = status === 503 || status === 429 || code === 'network-failed' || code === 'offline';
  if (!retryable || tries >= MOST_TRIES) return undefined;
  const wait = (error.retryAfterSeconds ?? 2 ** (tries - 1)) * 1000;
  return wait <= LONGEST_WAIT ? wait : undefined;
}

/** Gets the successor of a token. `force`: Power BI says that the old one has expired. */
export async function renewedToken(
  api: Api,
  old: Token,
  bindings: readonly Binding[],
  force: boolean,
  signal: AbortSignal,
): Promise<Token> {
  const { scopes, tokenType } = old;
  if (scopes) return powerBiToken(api, scopes, force, signal);
  const { answer, requestId } = await api.call<TokenAnswer>('/token', signal, { bindings });
  const { token, tokenId } = answer;
  if (typeof token !== 'string' || !token) throw unexpected('/token is missing or wrong.');
  if (answer.tokenType !== (tokenType ? 'Embed' : 'Aad')) throw unexpected('/tokenType is missing or wrong.');
  return { token, tokenType, tokenId, requestId, scopes, ...deadlines(answer, api.options.clock.now()) };
}

/** The user's own token, which the page gets for the scopes that the service names. */
export async function powerBiToken(
  api: Api,
  scopes: string[],
  force: boolean,
  signal: AbortSignal,
  requestId?: string,
): Promise<Token> {
  const { getPowerBiToken, clock } = api.options;
  if (!getPowerBiToken) throw wrongUse('The service answers with `scopes`: pass getPowerBiToken.');
  const get = () => getPowerBiToken({ scopes, forceRefresh: force });
  const got = await tokenFromPage(api.options, 'getPowerBiToken', get, signal);
  const { accessToken, expiresOn } = typeof got === 'string' ? { accessToken: got, expiresOn: null } : got;
  const lifetimeSeconds = expiresOn ? Math.max((expiresOn.getTime() - Date.now()) / 1000, 0) : undefined;
  const refreshAfterSeconds = lifetimeSeconds && Math.max(lifetimeSeconds - 600, lifetimeSeconds / 2);
  const life = deadlines({ lifetimeSeconds, refreshAfterSeconds }, clock.now());
  return { token: accessToken, tokenType: 0, tokenId: undefined, requestId, scopes, ...life };
}

export async function listDatasets(api: Api, report: string | undefined, signal: AbortSignal): Promise<DatasetList> {
  const query = report === undefined ? '' : `?report=${encodeURIComponent(report)}`;
  const { answer } = await api.call<DatasetList>(`/datasets${query}`, signal);
  if (!Array.isArray(answer.datasets) || !Array.isArray(answer.reports)) throw unexpected('This is no list.');
  for (const { dataset, datasetId } of answer.datasets) api.datasetIds.set(dataset, datasetId);
  return answer;
}

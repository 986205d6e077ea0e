import type { models } from 'powerbi-client';
import { Api } from './api.js';
import { ConfigBatcher, type ConfigWithToken } from './batch.js';
import { systemClock, within, type Clock } from './clock.js';
import { bindingKey, bindingOf, type Binding, type DatasetList } from './contract.js';
import { Controller, type Page } from './controller.js';
import { embedUrls } from './embedUrls.js';
import { copyOf, DynabindError, toDynabindError, wrongUse } from './errors.js';
import { handleOf, type Handle } from './handle.js';
import { later, withLater } from './load.js';
import { quiet } from './deferred.js';
import { loadPowerBi, type PowerBiService } from './powerbi.js';
import { preconnect } from './preconnect.js';
import type { SignInOptions } from './signIn.js';
import { TIMEOUTS, type Timeouts } from './timeouts.js';

export interface DynabindOptions {
  /** Base address of the Dynabind API, without the routes. */
  apiUrl: string;
  /** The caller's own token for that API, from the page's sign-in library. Called before each request. */
  getAccessToken: SignInOptions['getAccessToken'];
  /** The user's own token for Power BI. Needed if the page gets this token itself (`DYNABIND_USER_TOKEN=page`). */
  getPowerBiToken?: SignInOptions['getPowerBiToken'];
  /** Called when Entra requires an interaction of the user: sign in with `error.claims`. Then the request is repeated. */
  onInteractionRequired?: SignInOptions['onInteractionRequired'];
  /** The page's own powerbi-client service. Default: `window.powerbi`, otherwise the service of the package. */
  powerbi?: PowerBiService;
  /** Limits in milliseconds that replace the defaults. */
  timeouts?: Partial<Timeouts>;
  /** The bindings that the page will embed first. Their configs are requested, and powerbi-client is loaded, immediately. */
  prefetch?: readonly Binding[];
  /** Stores the embed addresses of shown reports in `sessionStorage`, for the next page of this tab. Tokens are never stored. */
  rememberEmbedUrls?: boolean;
  /** Sends the load times of reports to `POST /timings`: report key, outcome and milliseconds. */
  reportTimings?: boolean;
  /** Address of Power BI's cloud, for the early connection. Default: `https://app.powerbi.com`. */
  powerBiUrl?: string;
  fetch?: typeof globalThis.fetch;
  clock?: Clock;
}

type ServiceFields = 'type' | 'id' | 'embedUrl' | 'accessToken' | 'tokenType' | 'permissions' | 'viewMode' | 'datasetBinding';

export interface EmbedOptions extends Binding {
  /** Names the report to a screen reader. */
  title?: string;
  /** Settings, filters, page, event hooks and other fields for powerbi-client. Fields of the service take precedence. */
  config?: Omit<models.IReportEmbedConfiguration, ServiceFields> &
    Pick<models.IPaginatedReportLoadConfiguration, 'parameterValues'>;
}

export interface Dynabind {
  /** Shows a report in an element. Returns at once; `ready` and the events report progress. */
  embed(element: HTMLElement, options: EmbedOptions): Handle;
  /** The reports and datasets that the caller may show, each with its known problems. */
  datasets(report?: string): Promise<DatasetList>;
  /** Removes every report from the page and discards all tokens. The client can then serve the next user. */
  signOut(): void;
  /** Calls `signOut()`. The client cannot be used again. */
  dispose(): void;
}

/** The controller of each element, across all clients of the page. */
const owners = new WeakMap<HTMLElement, Controller>();

/** Creates the client of a page. The reports that it embeds in the same tick share one request and one token. */
export function createDynabind(options: DynabindOptions): Dynabind {
  if (!options?.apiUrl) throw wrongUse('apiUrl is missing.');
  if (typeof options.getAccessToken !== 'function') throw wrongUse('getAccessToken is missing.');
  const { clock = systemClock(), fetch = (...request) => globalThis.fetch(...request), prefetch = [], powerbi } = options;
  const apiUrl = options.apiUrl.replace(/\/+$/, '');
  const api = new Api({ ...options, apiUrl, fetch, clock, timeouts: { ...TIMEOUTS, ...options.timeouts } });
  const batcher = new ConfigBatcher(api);
  const urls = embedUrls(apiUrl, options.rememberEmbedUrls);
  const controllers = new Set<Controller>();
  const prefetched = new Map<string, Promise<ConfigWithToken>>();
  let session = new AbortController();
  let isDisposed = false;

  const open = (): void => {
    if (isDisposed) throw new DynabindError('disposed');
  };
  const signOut = (): void => {
    session.abort();
    session = new AbortController();
    prefetched.clear();
    urls.clear();
    for (const controller of [...controllers]) controller.dispose();
  };
  const page: Page = {
    api,
    batcher,
    urls,
    powerbi,
    ask(binding, signal) {
      const key = bindingKey(binding);
      const early = prefetched.get(key);
      prefetched.delete(key);
      const ask = () => batcher.ask(binding, signal);
      return early ? early.then((answer) => (clock.now() < answer.token.refreshAt ? answer : ask())) : ask();
    },
    measured(timings) {
      const { signal } = session;
      withLater((all) => {
        all?.recordTimings(timings);
        if (options.reportTimings) void all?.sendTimings(api, timings, signal);
      });
    },
  };

  preconnect(apiUrl, '');
  preconnect(options.powerBiUrl ?? 'https://app.powerbi.com', null);
  for (const binding of prefetch) {
    const key = bindingKey(binding);
    const answer = batcher.ask(bindingOf(binding), session.signal);
    prefetched.set(key, answer);
    answer.catch(() => prefetched.delete(key));
    if (!powerbi) quiet(loadPowerBi());
  }

  return {
    embed(element, { title, config = {}, ...named }) {
      open();
      if (element?.nodeType !== 1) throw wrongUse('embed() needs an element.');
      owners.get(element)?.dispose();
      const binding = bindingOf(named);
      const target = { element, title, extra: config };
      const controller: Controller = new Controller(page, target, binding, () => controllers.delete(controller));
      controllers.add(controller);
      owners.set(element, controller);
      return handleOf(controller);
    },
    async datasets(report) {
      open();
      const { signal } = session;
      try {
        return await within(later().then((all) => all.listDatasets(api, report, signal)), signal);
      } catch (cause) {
        throw copyOf(toDynabindError(cause));
      }
    },
    signOut,
    dispose() {
      isDisposed = true;
      signOut();
    },
  };
}

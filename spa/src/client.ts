import type { models } from 'powerbi-client';
import { Api } from './api.js';
import { ConfigBatcher } from './batch.js';
import { systemClock, within, type Clock } from './clock.js';
import type { Binding, DatasetList } from './contract.js';
import { Controller, type Page } from './controller.js';
import { DynabindError, wrongUse } from './errors.js';
import { handleOf, type Handle } from './handle.js';
import { parts } from './parts.js';
import type { PowerBiService } from './powerbi.js';
import type { Renewals } from './renewals.js';
import { Sharing } from './sharing.js';
import type { SignInOptions } from './signIn.js';
import { TIMEOUTS, type Timeouts } from './timeouts.js';

export interface DynabindOptions {
  /** Base address of the Dynabind API, without the routes. */
  apiUrl: string;
  /** The caller's own token for that API, from the page's sign-in library. Called before each request. */
  getAccessToken: SignInOptions['getAccessToken'];
  /** The user's own token for Power BI, where the service leaves that to the page (`DYNABIND_USER_TOKEN=page`). */
  getPowerBiToken?: SignInOptions['getPowerBiToken'];
  /** Called when Entra requires the user: sign in with `error.claims`. Then the request is repeated. */
  onInteractionRequired?: SignInOptions['onInteractionRequired'];
  /** The page's own powerbi-client service. Without it, `window.powerbi` or the package's. */
  powerbi?: PowerBiService;
  /** Limits in milliseconds, where the defaults do not fit. */
  timeouts?: Partial<Timeouts>;
  fetch?: typeof globalThis.fetch;
  clock?: Clock;
}

type ServiceFields = 'type' | 'id' | 'embedUrl' | 'accessToken' | 'tokenType' | 'permissions' | 'viewMode' | 'datasetBinding';

export interface EmbedOptions extends Binding {
  /** Names the report to a screen reader. */
  title?: string;
  /** Settings, filters, page, event hooks and the like for powerbi-client; what the service says wins. */
  config?: Omit<models.IReportEmbedConfiguration, ServiceFields> &
    Pick<models.IPaginatedReportLoadConfiguration, 'parameterValues'>;
}

export interface Dynabind {
  /** Shows a report in an element. Returns at once; `ready` and the events tell how it goes. */
  embed(element: HTMLElement, options: EmbedOptions): Handle;
  /** What the caller may show, and whether it would work. */
  datasets(report?: string): Promise<DatasetList>;
  /** Takes every report off the page and forgets all tokens; the client can then serve the next user. */
  signOut(): void;
  /** `signOut()`, for good. */
  dispose(): void;
}

/** Which controller an element belongs to, whichever client embedded into it. */
const owners = new WeakMap<HTMLElement, Controller>();

/** One client for a page: what it embeds in the same tick shares one call and one token. */
export function createDynabind(options: DynabindOptions): Dynabind {
  if (!options?.apiUrl) throw wrongUse('apiUrl is missing.');
  if (typeof options.getAccessToken !== 'function') throw wrongUse('getAccessToken is missing.');
  const page = pageOf(options);
  const controllers = new Set<Controller>();
  let session = new AbortController();
  let isDisposed = false;

  const open = (): void => {
    if (isDisposed) throw new DynabindError('disposed');
  };
  const signOut = (): void => {
    session.abort();
    session = new AbortController();
    for (const controller of [...controllers]) controller.dispose();
  };

  return {
    embed(element, { report, dataset, mode = 'view', title, config = {} }) {
      open();
      if (element?.nodeType !== 1) throw wrongUse('embed() needs an element; it got none.');
      owners.get(element)?.dispose();
      const binding = { ...(report !== undefined && { report }), ...(dataset !== undefined && { dataset }), mode };
      const target = { element, title, extra: config };
      const controller: Controller = new Controller(page, target, binding, () => controllers.delete(controller));
      controllers.add(controller);
      owners.set(element, controller);
      return handleOf(controller);
    },
    async datasets(report) {
      open();
      const { signal } = session;
      return within(page.api.datasets(report, signal), signal);
    },
    signOut,
    dispose() {
      isDisposed = true;
      signOut();
    },
  };
}

function pageOf(options: DynabindOptions): Page & { api: Api } {
  const { clock = systemClock(), fetch = (...request) => globalThis.fetch(...request) } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const api = new Api({ ...options, fetch, clock, timeouts });
  const sharing = new Sharing();
  let renewals: Renewals | undefined;
  const keeper = async () => {
    const all = await parts();
    return (renewals ??= new all.Renewals(api, sharing, clock));
  };
  const batcher = new ConfigBatcher(api, keeper, sharing, clock);
  return { api, batcher, clock, patience: timeouts.load, powerbi: options.powerbi };
}

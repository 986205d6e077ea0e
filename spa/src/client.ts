import type { models } from 'powerbi-client';
import { Api, type TokenRequest } from './api.js';
import { ConfigBatcher } from './batch.js';
import { systemClock, unlessAborted, type Clock } from './clock.js';
import type { Binding, DatasetList } from './contract.js';
import { DynabindError } from './errors.js';
import { Handle } from './handle.js';
import { Leases } from './leases.js';
import { findPowerBi, type PowerBiService } from './powerbi.js';

export interface DynabindOptions {
  /** Base address of the Dynabind API, without the routes. */
  apiUrl: string;
  /** The caller's own token for that API, from the page's sign-in library. Asked for before each call. */
  getAccessToken: (request: TokenRequest) => string | Promise<string>;
  /** Called when Entra wants the user: sign in with `error.claims`; once the promise resolves, the call is repeated. */
  onInteractionRequired?: (error: DynabindError) => void | Promise<void>;
  /** The page's own powerbi-client service, where it has one; `window.powerbi` or the package's, where it has not. */
  powerbi?: PowerBiService;
  fetch?: typeof globalThis.fetch;
  clock?: Clock;
}

type ServiceFields = 'type' | 'id' | 'embedUrl' | 'accessToken' | 'tokenType' | 'permissions' | 'viewMode';
type BindingFields = 'datasetBinding' | 'eventHooks';

export interface EmbedOptions extends Binding {
  /** Names the report to a screen reader. */
  title?: string;
  /** Settings, filters, page, theme and the like for powerbi-client; what the service says wins. */
  config?: Omit<models.IReportEmbedConfiguration, ServiceFields | BindingFields>;
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

/** Whose an element is, whichever client embedded into it. */
const owners = new WeakMap<HTMLElement, Handle>();

/** One client for a page: what it embeds in the same tick shares one call and one token. */
export function createDynabind(options: DynabindOptions): Dynabind {
  const clock = options.clock ?? systemClock;
  const api = new Api({
    apiUrl: options.apiUrl,
    getAccessToken: options.getAccessToken,
    onInteractionRequired: options.onInteractionRequired,
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    clock,
  });
  const batcher = new ConfigBatcher(api, new Leases(api, clock), clock);
  const page = { batcher, clock, powerbi: () => findPowerBi(options.powerbi) };
  const handles = new Set<Handle>();
  let session = new AbortController();
  let isDisposed = false;

  const open = (): void => {
    if (isDisposed) throw new DynabindError('disposed');
  };
  const signOut = (): void => {
    session.abort();
    session = new AbortController();
    for (const handle of [...handles]) handle.dispose();
  };

  return {
    embed(element, { report, dataset, mode = 'view', title, config = {} }) {
      open();
      owners.get(element)?.dispose();
      const binding = { ...(report !== undefined && { report }), ...(dataset !== undefined && { dataset }), mode };
      const target = { element, title: title ?? `Power BI report ${report ?? ''}`.trim(), extra: config };
      const handle: Handle = new Handle(page, target, binding, () => handles.delete(handle));
      handles.add(handle);
      owners.set(element, handle);
      return handle;
    },
    async datasets(report) {
      open();
      const { signal } = session;
      return unlessAborted(api.datasets(report, signal), signal);
    },
    signOut,
    dispose() {
      isDisposed = true;
      signOut();
    },
  };
}

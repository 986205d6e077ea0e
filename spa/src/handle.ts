import type { Report } from 'powerbi-client';
import type { Binding, Mode } from './contract.js';
import type { Listener } from './emitter.js';
import type { DynabindError } from './errors.js';

export type HandleState = 'loading' | 'loaded' | 'rendered' | 'error' | 'disposed';

export interface TokenInfo {
  /** Id of the embed token in Power BI's audit log; a user's own token has none. */
  tokenId: string | undefined;
  /** On the page's wall clock, however wrong it is. */
  expiration: Date;
  refreshAfter: Date;
}

/** When an embed reached which point, in whole milliseconds since it was requested. */
export interface Timings {
  binding: Readonly<Binding>;
  /** When it was requested, on the clock of `performance.now()`. */
  startedAt: number;
  /** Missing while the report is loading, and for a paginated report, which does not tell when it is rendered. */
  outcome?: 'rendered' | 'failed';
  /** The service's answer was there. */
  configMs?: number;
  loadedMs?: number;
  renderedMs?: number;
}

export interface HandleEvents {
  statechange: { state: HandleState; previous: HandleState };
  loaded: { binding: Readonly<Binding> };
  rendered: { binding: Readonly<Binding> };
  tokenRefreshed: TokenInfo;
  /** Once for each embed and switch, as soon as there is an outcome. */
  timings: Timings;
  error: DynabindError;
}

/** What support needs; never a token. */
export interface Explanation {
  state: HandleState;
  binding: Readonly<Binding>;
  token:
    | { tokenId: string | undefined; tokenType: 'Embed' | 'Aad'; expiresInSeconds: number; refreshInSeconds: number }
    | undefined;
  /** Whose identity Power BI sees. */
  identity: string;
  problem: Pick<DynabindError, 'code' | 'message' | 'remedy' | 'detail' | 'status' | 'fatal'> | undefined;
  requestId: string | undefined;
  problemRequestId: string | undefined;
  upstreamRequestId: string | undefined;
}

/** A report in an element of the page. */
export interface Handle {
  readonly state: HandleState;
  readonly binding: Readonly<Binding>;
  /** The last error; gone as soon as the report or its token is in order again. */
  readonly error: DynabindError | undefined;
  /** Resolves when what was last asked for is loaded, rejects when that fails. */
  readonly ready: Promise<void>;
  /** powerbi-client's own object for the report on the screen; another one after each switch. */
  readonly report: Report | undefined;
  readonly token: TokenInfo | undefined;
  /** How long what is shown took, or has taken so far. */
  readonly timings: Readonly<Timings>;
  /** Returns a function that removes the listener. */
  on<Name extends keyof HandleEvents>(name: Name, listener: Listener<HandleEvents[Name]>): () => void;
  /**
   * Shows the same report with another dataset. What is on the screen goes at once. Of several quick switches the last
   * one wins, and the promises of all of them settle with it.
   */
  switchDataset(dataset: string): Promise<void>;
  /** The same for another report, with the same dataset unless another one is named. */
  switchReport(report: string, dataset?: string): Promise<void>;
  /** The same for the mode, which a report cannot change while it is shown. */
  switchMode(mode: Mode): Promise<void>;
  /** Renews the token now, without touching the view; after a fatal error, tries to show the report again. */
  refresh(): Promise<void>;
  /** Binding, token times, last problem and request ids, for a support ticket. */
  explain(): Explanation;
  /** Takes the report off the page and cancels all that is under way for it. */
  dispose(): void;
}

/** MobX does not change objects of a class. */
class PublicHandle {}

/** Frameworks may wrap this object in a proxy, which could not reach private fields. */
export function handleOf(controller: Handle): Handle {
  const handle = new PublicHandle();
  const members = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(controller) as object));
  for (const [name, { get, value }] of members) {
    const property = get ? { get: get.bind(controller), enumerable: true } : { value: (value as () => void).bind(controller) };
    if (name !== 'constructor') Object.defineProperty(handle, name, property);
  }
  return handle as Handle;
}

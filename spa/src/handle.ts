import type { Report } from 'powerbi-client';
import type { Binding, Mode } from './contract.js';
import type { Listener } from './emitter.js';
import type { DynabindError } from './errors.js';

export type HandleState = 'loading' | 'loaded' | 'rendered' | 'error' | 'disposed';

export interface TokenInfo {
  /** The id of the embed token in Power BI's audit log. A user's own token has no id. */
  tokenId: string | undefined;
  /** The time on the page's wall clock, even if that clock is wrong. */
  expiration: Date;
  refreshAfter: Date;
}

/** Times of an embed or switch, in whole milliseconds since it was requested. */
export interface Timings {
  binding: Readonly<Binding>;
  /** When it was requested, on the clock of `performance.now()`. */
  startedAt: number;
  /** Missing while the report is loading, and for paginated reports, which send no `rendered` event. */
  outcome?: 'rendered' | 'failed';
  /** The answer of the service arrived. */
  configMs?: number;
  loadedMs?: number;
  renderedMs?: number;
}

export interface HandleEvents {
  statechange: { state: HandleState; previous: HandleState };
  loaded: { binding: Readonly<Binding> };
  rendered: { binding: Readonly<Binding> };
  tokenRefreshed: TokenInfo;
  /** Sent once for each embed and switch, when the outcome is known. */
  timings: Timings;
  error: DynabindError;
}

/** Facts for a support ticket. They never include a token. */
export interface Explanation {
  state: HandleState;
  binding: Readonly<Binding>;
  token:
    | { tokenId: string | undefined; tokenType: 'Embed' | 'Aad'; expiresInSeconds: number; refreshInSeconds: number }
    | undefined;
  /** The identity that Power BI applies. */
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
  /** The last error. It is cleared when the report or its token works again. */
  readonly error: DynabindError | undefined;
  /** Resolves when the last requested report is loaded. Rejects when it fails. */
  readonly ready: Promise<void>;
  /** powerbi-client's own object for the report on the screen. Each switch makes a new object. */
  readonly report: Report | undefined;
  readonly token: TokenInfo | undefined;
  /** The times of the report that is shown or loading. */
  readonly timings: Readonly<Timings>;
  /** Returns a function that removes the listener. */
  on<Name extends keyof HandleEvents>(name: Name, listener: Listener<HandleEvents[Name]>): () => void;
  /**
   * Shows the same report with another dataset. The old data is removed from the screen at once. Of several quick
   * switches, only the last one takes effect, and all their promises settle with it.
   */
  switchDataset(dataset: string): Promise<void>;
  /** Shows another report in the same way, with the same dataset unless another one is named. */
  switchReport(report: string, dataset?: string): Promise<void>;
  /** Switches to another mode in the same way. */
  switchMode(mode: Mode): Promise<void>;
  /** Renews the token now and keeps the view. After a fatal error, shows the report again. */
  refresh(): Promise<void>;
  /** Binding, token times, last problem and request ids, for a support ticket. */
  explain(): Explanation;
  /** Removes the report from the page and cancels its requests. */
  dispose(): void;
}

/** The handle is an instance of a class, because MobX leaves instances of classes unchanged. */
class PublicHandle {}

/** The public object. Frameworks may wrap it in a proxy, which cannot access private fields. */
export function handleOf(controller: Handle): Handle {
  const handle = new PublicHandle();
  const members = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(controller) as object));
  for (const [name, { get, value }] of members) {
    const property = get ? { get: get.bind(controller), enumerable: true } : { value: (value as () => void).bind(controller) };
    if (name !== 'constructor') Object.defineProperty(handle, name, property);
  }
  return handle as Handle;
}

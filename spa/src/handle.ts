import type { Report } from 'powerbi-client';
import type { Token } from './api.js';
import type { Binding, Mode } from './contract.js';
import { EmbedSession, type Page, type Progress, type Target } from './embedSession.js';
import { Emitter, type Listener } from './emitter.js';
import { asFatal, DynabindError } from './errors.js';
import { Outcome } from './outcome.js';
import { onRemoval, type RemovalWatch } from './removal.js';

export type HandleState = 'loading' | 'loaded' | 'rendered' | 'error' | 'disposed';

export interface TokenInfo {
  /** Id of the embed token in Power BI's audit log; a user's own token has none. */
  tokenId: string | undefined;
  /** On the page's wall clock, however wrong it is. */
  expiration: Date;
  refreshAfter: Date;
}

export interface HandleEvents {
  statechange: { state: HandleState; previous: HandleState };
  loaded: { binding: Readonly<Binding> };
  rendered: { binding: Readonly<Binding> };
  tokenRefreshed: TokenInfo;
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

/** Behind a handle: the public object holds nothing itself, so that the proxies of frameworks can wrap it. */
export class Controller {
  readonly #page: Page;
  readonly #target: Target;
  readonly #emitter = new Emitter<HandleEvents>();
  readonly #removal: RemovalWatch;
  readonly #onDispose: () => void;
  #session: EmbedSession;
  #binding: Binding;
  #state: HandleState = 'loading';
  #shown: 'loaded' | 'rendered' = 'loaded';
  #error: DynabindError | undefined;
  #outcome = new Outcome();

  constructor(page: Page, target: Target, binding: Binding, onDispose: () => void) {
    this.#page = page;
    this.#target = target;
    this.#binding = binding;
    this.#onDispose = onDispose;
    this.#removal = onRemoval(target.element, () => this.#end(new DynabindError('element-removed')));
    this.#session = this.#show();
  }

  get state(): HandleState {
    return this.#state;
  }

  get binding(): Readonly<Binding> {
    return this.#binding;
  }

  get error(): DynabindError | undefined {
    return this.#error;
  }

  get ready(): Promise<void> {
    return this.#outcome.promise;
  }

  get report(): Report | undefined {
    return this.#session.frame?.embed as Report | undefined;
  }

  get token(): TokenInfo | undefined {
    const token = this.#session.token?.value;
    return token && this.#tokenInfo(token);
  }

  on<Name extends keyof HandleEvents>(name: Name, listener: Listener<HandleEvents[Name]>): () => void {
    return this.#emitter.on(name, listener);
  }

  switchDataset(dataset: string): Promise<void> {
    return this.#restart({ ...this.#binding, dataset });
  }

  switchReport(report: string, dataset = this.#binding.dataset): Promise<void> {
    return this.#restart({ ...this.#binding, report, ...(dataset !== undefined && { dataset }) });
  }

  switchMode(mode: Mode): Promise<void> {
    return this.#restart({ ...this.#binding, mode });
  }

  refresh(): Promise<void> {
    if (this.#state === 'error' || this.#state === 'disposed') return this.#restart(this.#binding);
    return this.#session.frame ? quiet(this.#session.refresh()) : this.ready;
  }

  explain(): Explanation {
    const token = this.#session.token?.value;
    const seconds = (at: number) => Math.round((at - this.#page.clock.now()) / 1000);
    const { code, message, remedy, detail, status, fatal } = this.#error ?? {};
    return {
      state: this.#state,
      binding: { ...this.#binding },
      token: token && {
        tokenId: token.tokenId,
        tokenType: token.tokenType ? 'Embed' : 'Aad',
        expiresInSeconds: seconds(token.expiresAt),
        refreshInSeconds: seconds(token.refreshAt),
      },
      identity: token?.tokenType === 0 ? 'the signed-in user' : 'set by the service; the audit line of tokenId names it',
      problem: code && ({ code, message, remedy, detail, status, fatal } as Explanation['problem']),
      requestId: token?.requestId,
      problemRequestId: this.#error?.requestId,
      upstreamRequestId: this.#error?.upstreamRequestId,
    };
  }

  dispose(): void {
    this.#end();
  }

  #restart(binding: Binding): Promise<void> {
    if (this.#state === 'disposed') return quiet(Promise.reject(new DynabindError('disposed')));
    this.#session.end();
    this.#binding = binding;
    this.#session = this.#show();
    this.#loading();
    return this.#outcome.promise;
  }

  #show(): EmbedSession {
    const session: EmbedSession = new EmbedSession(this.#page, this.#target, this.#binding, this.#progress(() => session));
    void session.start();
    return session;
  }

  #loading(): void {
    if (this.#outcome.isSettled) this.#outcome = new Outcome();
    this.#set('loading');
  }

  #set(state: HandleState, error?: DynabindError): void {
    const previous = this.#state;
    this.#state = state;
    this.#error = error;
    if (state !== previous) this.#emitter.emit('statechange', { state, previous });
  }

  #progress(own: () => EmbedSession): Progress {
    const current = <Args extends unknown[]>(step: (...args: Args) => void) => {
      return (...args: Args): void => {
        if (this.#state !== 'disposed' && this.#session === own()) step(...args);
      };
    };
    return {
      loading: current(() => this.#loading()),
      loaded: current(() => this.#arrived('loaded')),
      rendered: current(() => this.#arrived('rendered')),
      tokenRefreshed: current((token: Token, isShown: boolean) => this.#refreshed(token, isShown)),
      failed: current((error: DynabindError, fatal: boolean) => this.#failed(error, fatal)),
    };
  }

  #arrived(state: 'loaded' | 'rendered'): void {
    this.#removal.update();
    if (this.#state === 'disposed') return;
    this.#shown = state;
    this.#set(state);
    this.#outcome.resolve();
    this.#emitter.emit(state, { binding: this.#binding });
  }

  #refreshed(token: Token, isShown: boolean): void {
    if (isShown) this.#set(this.#shown);
    this.#emitter.emit('tokenRefreshed', this.#tokenInfo(token));
  }

  #failed(cause: DynabindError, fatal: boolean): void {
    const error = asFatal(cause, fatal);
    if (fatal) this.#outcome.reject(error);
    this.#set(fatal ? 'error' : this.#state, error);
    this.#emitter.emit('error', error);
  }

  #end(cause?: DynabindError): void {
    if (this.#state === 'disposed') return;
    const error = cause && asFatal(cause, true);
    this.#removal.stop();
    this.#session.end();
    this.#outcome.reject(error ?? new DynabindError('disposed'));
    this.#set('disposed', error);
    if (error) this.#emitter.emit('error', error);
    this.#emitter.clear();
    this.#onDispose();
  }

  #tokenInfo({ tokenId, expiresAt, refreshAt }: Token): TokenInfo {
    const ahead = Date.now() - this.#page.clock.now();
    return { tokenId, expiration: new Date(expiresAt + ahead), refreshAfter: new Date(refreshAt + ahead) };
  }
}

/** A promise that may go unheard: the failure is an `error` event as well. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

const PROPERTIES = ['state', 'binding', 'error', 'ready', 'report', 'token'] as const;
const METHODS = ['on', 'switchDataset', 'switchReport', 'switchMode', 'refresh', 'explain', 'dispose'] as const;

/** MobX leaves objects of a class alone. */
class PublicHandle {}

export function handleOf(controller: Controller): Handle {
  const handle = new PublicHandle();
  for (const name of PROPERTIES) Object.defineProperty(handle, name, { get: () => controller[name], enumerable: true });
  for (const name of METHODS) Object.defineProperty(handle, name, { value: controller[name].bind(controller as never) });
  // Vue makes no proxy of it.
  return Object.defineProperty(handle, '__v_skip', { value: true }) as Handle;
}

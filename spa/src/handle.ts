import type { Embed } from 'powerbi-client';
import type { Binding, Mode } from './contract.js';
import { Emitter, type Listener } from './emitter.js';
import { DynabindError } from './errors.js';
import type { Token } from './lease.js';
import { onRemoval } from './removal.js';
import { Showing, type Page, type Progress, type Target } from './showing.js';

export type HandleState = 'loading' | 'loaded' | 'rendered' | 'error' | 'disposed';

export interface TokenInfo {
  /** Id of the embed token in Power BI's audit log; a user's own token has none. */
  tokenId: string | undefined;
  /** Both in this page's own time, however wrong its clock is. */
  expiration: Date;
  refreshAfter: Date;
}

export interface HandleEvents {
  loaded: { binding: Readonly<Binding> };
  rendered: { binding: Readonly<Binding> };
  tokenRefreshed: TokenInfo;
  error: DynabindError;
}

/** A report in an element of the page. */
export class Handle {
  readonly #page: Page;
  readonly #target: Target;
  readonly #emitter = new Emitter<HandleEvents>();
  readonly #stopWatching: () => void;
  readonly #onDispose: (handle: Handle) => void;
  #binding: Binding;
  #showing: Showing;
  #state: HandleState = 'loading';
  #outcome = new Outcome();

  /** Made by `embed()` of a client. */
  constructor(page: Page, target: Target, binding: Binding, onDispose: (handle: Handle) => void) {
    this.#page = page;
    this.#target = target;
    this.#binding = binding;
    this.#onDispose = onDispose;
    this.#stopWatching = onRemoval(target.element, () => this.#end(new DynabindError('element-removed')));
    this.#showing = this.#show();
  }

  get state(): HandleState {
    return this.#state;
  }

  get binding(): Readonly<Binding> {
    return this.#binding;
  }

  /** Resolves when what was last asked for is loaded, rejects when that fails. */
  get ready(): Promise<void> {
    return this.#outcome.promise;
  }

  /** powerbi-client's own object for the report on the screen; another one after each switch. */
  get report(): Embed | undefined {
    return this.#showing.mount?.embed;
  }

  get token(): TokenInfo | undefined {
    const token = this.#showing.lease?.token;
    return token && tokenInfo(token);
  }

  on<Name extends keyof HandleEvents>(name: Name, listener: Listener<HandleEvents[Name]>): () => void {
    return this.#emitter.on(name, listener);
  }

  /**
   * Shows the same report with another dataset. What is on the screen goes at once. Of several quick switches the last
   * one wins, and the promises of all of them settle with it.
   */
  switchDataset(dataset: string): Promise<void> {
    return this.#restart({ ...this.#binding, dataset });
  }

  /** The same for the mode, which a report cannot change while it is shown. */
  switchMode(mode: Mode): Promise<void> {
    return this.#restart({ ...this.#binding, mode });
  }

  /** Renews the token now, without touching the view; after a fatal error, tries to show the report again. */
  async refresh(): Promise<void> {
    if (this.#state === 'error' || this.#state === 'disposed') return this.#restart(this.#binding);
    if (!this.#showing.mount) return this.ready;
    return this.#showing.refresh();
  }

  /** Takes the report off the page and gives up all that is under way for it. */
  dispose(): void {
    this.#end();
  }

  #restart(binding: Binding): Promise<void> {
    if (this.#state === 'disposed') return Promise.reject(new DynabindError('disposed'));
    this.#showing.end();
    this.#binding = binding;
    this.#loading();
    this.#showing = this.#show();
    return this.#outcome.promise;
  }

  #show(): Showing {
    const showing: Showing = new Showing(this.#page, this.#target, this.#binding, this.#progress(() => showing));
    void showing.start();
    return showing;
  }

  #loading(): void {
    this.#state = 'loading';
    if (this.#outcome.isSettled) this.#outcome = new Outcome();
  }

  #progress(own: () => Showing): Progress {
    const current = <Args extends unknown[]>(step: (...args: Args) => void) => {
      return (...args: Args): void => {
        if (this.#state !== 'disposed' && this.#showing === own()) step(...args);
      };
    };
    const arrived = (state: 'loaded' | 'rendered') => {
      this.#state = state;
      this.#outcome.resolve();
      this.#emitter.emit(state, { binding: this.#binding });
    };
    return {
      loading: current(() => this.#loading()),
      loaded: current(() => arrived('loaded')),
      rendered: current(() => arrived('rendered')),
      tokenRefreshed: current((token: Token) => this.#emitter.emit('tokenRefreshed', tokenInfo(token))),
      failed: current((error: DynabindError, fatal: boolean) => this.#failed(error, fatal)),
    };
  }

  #failed(error: DynabindError, fatal: boolean): void {
    if (fatal) {
      this.#state = 'error';
      this.#outcome.reject(error);
    }
    this.#emitter.emit('error', error);
  }

  #end(error?: DynabindError): void {
    if (this.#state === 'disposed') return;
    this.#state = 'disposed';
    this.#stopWatching();
    this.#showing.end();
    this.#outcome.reject(error ?? new DynabindError('disposed'));
    if (error) this.#emitter.emit('error', error);
    this.#emitter.clear();
    this.#onDispose(this);
  }
}

/** A promise that may go unheard: each failure is an `error` event as well. */
class Outcome {
  readonly promise: Promise<void>;
  isSettled = false;
  #resolve!: () => void;
  #reject!: (error: DynabindError) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(() => undefined);
  }

  resolve(): void {
    this.isSettled = true;
    this.#resolve();
  }

  reject(error: DynabindError): void {
    this.isSettled = true;
    this.#reject(error);
  }
}

function tokenInfo({ tokenId, deadlines }: Token): TokenInfo {
  return { tokenId, expiration: new Date(deadlines.expiresAt), refreshAfter: new Date(deadlines.refreshAt) };
}

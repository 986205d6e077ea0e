import type { Report } from 'powerbi-client';
import type { Token } from './api.js';
import type { ConfigBatcher } from './batch.js';
import { within, type Clock } from './clock.js';
import type { Binding, Mode } from './contract.js';
import type { EmbedSession, Progress, Target } from './embedSession.js';
import { Emitter, type Listener } from './emitter.js';
import { asFatal, DynabindError, toDynabindError } from './errors.js';
import type { Explanation, Handle, HandleEvents, HandleState, TokenInfo } from './handle.js';
import { Outcome, quiet } from './outcome.js';
import { parts } from './parts.js';
import type { PowerBiService } from './powerbi.js';
import { onRemoval, type RemovalWatch } from './removal.js';

export interface Page {
  batcher: ConfigBatcher;
  clock: Clock;
  /** Limit for `loaded`, in milliseconds. */
  patience: number;
  /** The page's own service, where it has one. */
  powerbi: PowerBiService | undefined;
}

/** Behind a handle: the public object holds nothing itself, so that the proxies of frameworks can wrap it. */
export class Controller implements Handle {
  readonly #page: Page;
  readonly #target: Target;
  readonly #emitter = new Emitter<HandleEvents>();
  readonly #removal: RemovalWatch;
  readonly #onDispose: () => void;
  #session: EmbedSession | undefined;
  /** Ends what is shown or under way. */
  #stop = new AbortController();
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
    void this.#show();
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
    return this.#session?.frame?.embed as Report | undefined;
  }

  get token(): TokenInfo | undefined {
    const token = this.#session?.token?.value;
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
    return this.#session?.frame ? quiet(this.#session.refresh()) : this.ready;
  }

  explain(): Explanation {
    const token = this.#session?.token?.value;
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
    this.#clear();
    this.#binding = binding;
    this.#loading();
    void this.#show();
    return this.#outcome.promise;
  }

  /** Removes the iframe, with the data in it, now. */
  #clear(): void {
    this.#stop.abort();
    this.#session?.end();
    this.#session = undefined;
  }

  async #show(): Promise<void> {
    const { batcher, clock, patience, powerbi: given } = this.#page;
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const binding = this.#binding;
    try {
      const asked = batcher.ask(binding, signal);
      const late = () => new DynabindError('client-missing', { detail: 'It did not load in time.' });
      const load = parts().then(async (all) => ({ ...all, powerbi: await all.findPowerBi(given) }));
      const loaded = within(load, signal, { clock, milliseconds: patience, late });
      const [{ EmbedSession: Session, powerbi }, grant] = await within(Promise.all([loaded, asked]), signal);
      const options = { target: this.#target, binding, clock, patience, progress: this.#progress(signal), signal };
      this.#session = new Session(options, grant.token);
      await this.#session.show(powerbi, grant.config);
    } catch (cause) {
      if (!signal.aborted) this.#refused(toDynabindError(cause));
    }
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

  #progress(signal: AbortSignal): Progress {
    const current = <Args extends unknown[]>(step: (...args: Args) => void) => {
      return (...args: Args): void => {
        if (!signal.aborted) step(...args);
      };
    };
    return {
      loading: current(() => this.#loading()),
      loaded: current(() => this.#arrived('loaded')),
      rendered: current(() => this.#arrived('rendered')),
      tokenRefreshed: current((token: Token, isShown: boolean) => this.#refreshed(token, isShown)),
      failed: current((error: DynabindError, fatal: boolean) => this.#failed(error, fatal)),
      refused: current((error: DynabindError) => this.#refused(error)),
    };
  }

  #refused(error: DynabindError): void {
    this.#clear();
    this.#failed(error, true);
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
    this.#clear();
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

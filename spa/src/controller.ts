import type { Report } from 'powerbi-client';
import type { Api, Token } from './api.js';
import type { ConfigBatcher, ConfigWithToken } from './batch.js';
import { sleep, within } from './clock.js';
import { bindingOf, type Binding, type Mode } from './contract.js';
import type { EmbedUrls } from './embedUrls.js';
import { Emitter, type Listener } from './emitter.js';
import { copyOf, DynabindError, toDynabindError } from './errors.js';
import { Frame, pastLoadWindow, type FrameListener } from './frame.js';
import type { Explanation, Handle, HandleEvents, HandleState, Timings, TokenInfo } from './handle.js';
import { hasLater, later, withLater } from './load.js';
import { deferred, quiet } from './deferred.js';
import { loadPowerBi, serviceOfPage, type PowerBiService } from './powerbi.js';
import type { RemovalWatch } from './removal.js';
import type { Renewals } from './renewals.js';
import type { TokenHolder } from './tokenHolder.js';

export interface Page {
  api: Api;
  batcher: ConfigBatcher;
  urls: EmbedUrls;
  /** The page's own powerbi-client service, if it has one. */
  powerbi: PowerBiService | undefined;
  /** All tokens in use; set when the second file has loaded. */
  renewals?: Renewals;
  ask(binding: Binding, signal: AbortSignal): Promise<ConfigWithToken>;
  /** Records and reports the times of an embed. */
  measured(timings: Timings): void;
}

export interface Target {
  element: HTMLElement;
  title: string | undefined;
  /** The page's own part of the config: settings, filters, theme. Fields of the service take precedence. */
  extra: { settings?: unknown; eventHooks?: unknown };
}

/** The second file is loaded when a report is rendered, or after this time. If that fails, it is loaded again after this time. */
const LATEST = 10_000;

/** The state behind a handle. The public object has no state of its own, so that frameworks can wrap it in proxies. */
export class Controller implements Handle {
  readonly #page: Page;
  readonly #target: Target;
  readonly #emitter = new Emitter<HandleEvents>();
  readonly #wasConnected: boolean;
  /** Notices that the element may have been removed, and then loads the second file, which watches the element. */
  readonly #observer: MutationObserver;
  #removal: RemovalWatch | undefined;
  readonly #onDispose: () => void;
  #frame: Frame | undefined;
  #holder: TokenHolder | undefined;
  /** Ends the shown report and its requests. */
  #stop = new AbortController();
  #binding: Binding;
  #state: HandleState = 'loading';
  #shown: 'loaded' | 'rendered' = 'loaded';
  #error: DynabindError | undefined;
  #ready = deferred();
  #timings!: Timings;

  constructor(page: Page, target: Target, binding: Binding, onDispose: () => void) {
    this.#page = page;
    this.#target = target;
    this.#binding = binding;
    this.#onDispose = onDispose;
    const { element } = target;
    this.#wasConnected = element.isConnected;
    this.#observer = new MutationObserver(() => element.isConnected || this.#withHolder());
    this.#observer.observe(element.ownerDocument, { childList: true, subtree: true });
    if (hasLater()) this.#withHolder();
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
    return this.#ready.promise;
  }

  get report(): Report | undefined {
    return this.#frame?.tokenInUse && (this.#frame.embed as unknown as Report);
  }

  get token(): TokenInfo | undefined {
    const token = this.#frame?.tokenInUse;
    return token && this.#tokenInfo(token);
  }

  get timings(): Readonly<Timings> {
    return { ...this.#timings };
  }

  on<Name extends keyof HandleEvents>(name: Name, listener: Listener<HandleEvents[Name]>): () => void {
    return this.#emitter.on(name, listener);
  }

  switchDataset(dataset: string): Promise<void> {
    return this.#restart({ ...this.#binding, dataset });
  }

  switchReport(report: string, dataset = this.#binding.dataset): Promise<void> {
    return this.#restart(bindingOf({ ...this.#binding, report, dataset }));
  }

  switchMode(mode: Mode): Promise<void> {
    return this.#restart({ ...this.#binding, mode });
  }

  refresh(): Promise<void> {
    if (this.#state === 'error' || this.#state === 'disposed') return this.#restart(this.#binding);
    if (!this.#frame?.tokenInUse) return this.ready;
    const { signal } = this.#stop;
    const renewed = () => new Promise<void>((resolve, reject) => this.#withHolder((holder) => holder.refresh().then(resolve, reject)));
    return quiet(within(later().then(renewed), signal));
  }

  explain(): Explanation {
    const token = this.#frame?.tokenInUse;
    const seconds = (at: number) => Math.round((at - this.#page.api.options.clock.now()) / 1000);
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
      identity: token?.tokenType === 0 ? 'the signed-in user' : 'set by the service; see the audit line of tokenId',
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
    void this.#show(true);
    return this.#ready.promise;
  }

  /** Removes the iframe, with the data in it, at once. */
  #clear(): void {
    this.#stop.abort();
    this.#holder?.end();
    this.#frame?.remove();
    this.#frame = this.#holder = undefined;
  }

  async #show(isSwitch = false): Promise<void> {
    const { api, urls, powerbi: given } = this.#page;
    const { clock, timeouts } = api.options;
    const { element, title = `Power BI report ${this.#binding.report ?? ''}`.trim(), extra } = this.#target;
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const binding = this.#binding;
    this.#timings = { binding, startedAt: performance.now() };
    let answer: ConfigWithToken | undefined;
    try {
      const asked = this.#page.ask(binding, signal).then((config) => {
        this.#mark('configMs', signal);
        answer = config;
      });
      quiet(asked);
      let powerbi = given ?? serviceOfPage();
      if (!powerbi) {
        const late = () => new DynabindError('client-missing', { detail: 'It did not load in time.' });
        const load = quiet(loadPowerBi());
        const loaded = Promise.race([load, asked.then(() => load)]);
        powerbi = await within(loaded, signal, { clock, milliseconds: timeouts.load, late });
      }
      const options = { powerbi, element, title, clock, loadLimit: timeouts.load, listener: this.#listener(signal), signal };
      // Of several quick switches only the last one starts an iframe.
      const pause = pastLoadWindow(element, clock, signal, isSwitch);
      if (pause) await pause;
      if (signal.aborted) return;
      const known = binding.mode === 'create' || extra.eventHooks || !powerbi.bootstrap ? undefined : urls.get(binding.report);
      if (known && !answer) {
        this.#frame = new Frame(options);
        this.#frame.start(known, extra.settings);
      }
      await within(asked, signal);
      // A switch may happen between the answer and this line.
      if (signal.aborted) return;
      const { config, token } = answer as unknown as ConfigWithToken;
      if (binding.mode !== 'create') urls.set(binding.report, config.embedUrl);
      // For an existing iframe, powerbi-client ignores a new address.
      if (this.#frame && this.#frame.startedWith !== config.embedUrl) {
        this.#frame.remove();
        this.#frame = undefined;
        await pastLoadWindow(element, clock, signal);
        if (signal.aborted) return;
      }
      this.#frame ??= new Frame(options);
      this.#frame.show({ ...extra, ...config, accessToken: token.token }, token);
      if (hasLater()) this.#withHolder();
      else this.#withHolderSoon();
    } catch (cause) {
      // An error without a type comes from powerbi-client.
      if (!signal.aborted) this.#refused(toDynabindError(cause, 'config-refused'));
    }
  }

  #loading(): void {
    // In any other state, the promise is already settled.
    if (this.#state !== 'loading') this.#ready = deferred();
    this.#set('loading');
  }

  #set(state: HandleState, error?: DynabindError): void {
    const previous = this.#state;
    this.#state = state;
    this.#error = error;
    if (state !== previous) this.#emitter.emit('statechange', { state, previous });
  }

  /** Events of a frame are ignored once it is removed. */
  #listener(signal: AbortSignal): FrameListener {
    const current = <Args extends unknown[]>(step: (...args: Args) => void) => {
      return (...args: Args): void => {
        if (!signal.aborted) step(...args);
      };
    };
    return {
      loading: current(() => this.#loading()),
      arrived: current((state) => this.#arrived(state, signal)),
      tokenRefreshed: current((token, isShown) => this.#refreshed(token, isShown)),
      failed: current((error, fatal) => this.#failed(error, fatal)),
      refused: current((error) => this.#refused(error)),
    };
  }

  /** Starts the renewal of the token and the watch over the element when the second file has loaded. */
  #withHolder(callback?: (holder: TokenHolder) => void): void {
    const { signal } = this.#stop;
    withLater((all) => {
      const frame = this.#frame;
      if (signal.aborted) return;
      if (!all) return this.#withHolderSoon();
      this.#observer.disconnect();
      this.#removal ??= all.onRemoval(this.#target.element, this.#wasConnected, () => this.#end(new DynabindError('element-removed')));
      if (!frame?.tokenInUse) return;
      if (!this.#holder) {
        this.#page.renewals ??= new all.Renewals(this.#page.api, this.#page.batcher);
        this.#holder = new all.TokenHolder(frame, this.#binding);
        this.#page.renewals.add(this.#holder, frame.tokenInUse);
      }
      callback?.(this.#holder);
    });
  }

  #withHolderSoon(): void {
    const soon = sleep(this.#page.api.options.clock, LATEST, this.#stop.signal);
    quiet(soon.then(() => this.#withHolder()));
  }

  #refused(error: DynabindError): void {
    this.#clear();
    this.#stop = new AbortController();
    this.#failed(error, true);
  }

  #arrived(state: 'loaded' | 'rendered', signal: AbortSignal): void {
    this.#removal?.update();
    if (this.#state === 'disposed') return;
    this.#shown = state;
    this.#mark(`${state}Ms`, signal);
    this.#set(state);
    this.#ready.resolve();
    this.#emitter.emit(state, { binding: this.#binding });
    if (state === 'loaded' || signal.aborted) return;
    this.#measured('rendered');
    this.#withHolder();
  }

  #refreshed(token: Token, isShown: boolean): void {
    if (isShown) this.#set(this.#shown);
    this.#emitter.emit('tokenRefreshed', this.#tokenInfo(token));
  }

  /** Reports an error when the texts of errors have loaded, unless the report is switched or disposed of meanwhile. */
  #failed(cause: DynabindError, fatal: boolean): void {
    const { signal } = this.#stop;
    withLater((all) => {
      if (signal.aborted) return;
      if (all?.isExpiry(cause)) return this.#withHolder((holder) => holder.expired(cause.cause));
      const error = copyOf(all?.withDetail(cause) ?? cause, fatal);
      if (fatal) {
        this.#frame?.stopWaiting();
        this.#ready.reject(error);
      }
      this.#set(fatal ? 'error' : this.#state, error);
      this.#emitter.emit('error', error);
      if (fatal) this.#measured('failed');
    });
  }

  #end(cause?: DynabindError): void {
    if (this.#state === 'disposed') return;
    const error = cause && copyOf(cause, true);
    this.#observer.disconnect();
    this.#removal?.stop();
    this.#clear();
    this.#ready.reject(error ?? new DynabindError('disposed'));
    this.#set('disposed', error);
    if (error) this.#emitter.emit('error', error);
    this.#emitter.clear();
    this.#onDispose();
  }

  #mark(point: 'configMs' | 'loadedMs' | 'renderedMs', signal: AbortSignal): void {
    const times = this.#timings;
    if (!signal.aborted && !times.outcome) times[point] ??= Math.round(performance.now() - times.startedAt);
  }

  #measured(outcome: 'rendered' | 'failed'): void {
    if (this.#timings.outcome) return;
    this.#timings.outcome = outcome;
    this.#emitter.emit('timings', this.timings);
    this.#page.measured(this.timings);
  }

  #tokenInfo({ tokenId, expiresAt, refreshAt }: Token): TokenInfo {
    const ahead = Date.now() - this.#page.api.options.clock.now();
    return { tokenId, expiration: new Date(expiresAt + ahead), refreshAfter: new Date(refreshAt + ahead) };
  }
}

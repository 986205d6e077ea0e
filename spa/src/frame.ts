import type { Embed } from 'powerbi-client';
import type { Token } from './api.js';
import { isPaginated } from './answers.js';
import { sleep, type Clock } from './clock.js';
import type { EmbedConfig } from './contract.js';
import { DynabindError } from './errors.js';
import { quiet } from './deferred.js';
import { clear, plainCopy, collectRoutes, type EmbedInternals, type PowerBiService } from './powerbi.js';

export interface FrameListener {
  /** The report begins to load again. */
  loading(): void;
  arrived(state: 'loaded' | 'rendered'): void;
  /** `isShown`: the report is on the screen with a token that works. */
  tokenRefreshed(token: Token, isShown: boolean): void;
  /** `fatal`: no usable report is on the screen. A `load-failed` or `load-refused` may mean an expired token. */
  failed(error: DynabindError, fatal: boolean): void;
  /** The caller may no longer see this report, so it is removed. */
  refused(error: DynabindError): void;
}

export interface FrameOptions {
  powerbi: PowerBiService;
  element: HTMLElement;
  title: string;
  clock: Clock;
  /** Limit for `loaded`, in milliseconds. */
  loadLimit: number;
  listener: FrameListener;
  /** Aborted when the frame is removed. After that, the listener is not called. */
  signal: AbortSignal;
}

/**
 * powerbi-client drops a load of the same report within 100 ms of the last one, without an error. It measures with the
 * wall clock, and so does this file.
 */
const LOAD_WINDOW = 120;

const mountedAt = new WeakMap<HTMLElement, number>();

/** How long powerbi-client still drops loads after a load at `since`. */
export const loadWindow = (since = -Infinity): number => Math.min(Math.max(since + LOAD_WINDOW - Date.now(), 0), LOAD_WINDOW);

/** Waits until powerbi-client accepts another load for this element. With `always`, waits at least one task. */
export function pastLoadWindow(element: HTMLElement, clock: Clock, signal: AbortSignal, always?: boolean): Promise<void> | undefined {
  const wait = loadWindow(mountedAt.get(element));
  return wait > 0 || always ? sleep(clock, wait, signal) : undefined;
}

/** One iframe of powerbi-client, with one config. It shows the same binding until it is removed. */
export class Frame {
  readonly options: FrameOptions;
  embed!: EmbedInternals;
  /** The address of an iframe that was started before the config arrived. */
  startedWith: string | undefined;
  /** The token with its times and ids. */
  tokenInUse: Token | undefined;
  isNew = false;
  isPaginated = false;
  isLoaded = false;
  sentAt: number | undefined;
  /** The last token that the report was given. */
  token: string | undefined;
  /** A token for a report that is still loading. `whenLoaded` sets it after the load. */
  pending: string | undefined;
  whenLoaded: (() => void) | undefined;
  #config: { accessToken?: string | undefined } | undefined;
  #release: (() => void) | undefined;
  #timer: unknown;

  constructor(options: FrameOptions) {
    this.options = options;
  }

  /** Starts the iframe without token, dataset and config. `show` follows later. `settings` become part of its address. */
  start(embedUrl: string, settings: unknown): void {
    const { powerbi, element } = this.options;
    this.startedWith = embedUrl;
    this.#create(() => powerbi.bootstrap?.(element, { type: 'report', embedUrl, ...plainCopy({ settings }) } as never) as Embed);
  }

  show(config: EmbedConfig & { accessToken: string }, tokenInUse: Token): void {
    const { powerbi, element } = this.options;
    const own = (this.#config = plainCopy(config)) as EmbedConfig & { settings?: Record<string, unknown> };
    this.tokenInUse = tokenInUse;
    this.token = config.accessToken;
    this.isNew = own.type === 'create';
    this.isPaginated = isPaginated(own.embedUrl);
    // These settings prevent a paginated report from loading.
    if (this.isPaginated) for (const name of ['panes', 'background']) delete own.settings?.[name];
    if (this.startedWith) {
      // powerbi-client does not check the config of an existing iframe.
      const errors = this.embed.validate?.(own);
      if (errors) throw errors;
      powerbi.embed(element, own);
    } else this.#create(() => (this.isNew ? powerbi.createReport(element, own as never) : powerbi.embed(element, own as never)));
    this.waitForAnswer();
  }

  #create(create: () => Embed): void {
    const { powerbi, element, title } = this.options;
    // The height is measured first, because the iframe has a height itself.
    if (element.isConnected && !element.offsetHeight) console.warn('Dynabind: the element has no height.', element);
    mountedAt.set(element, Date.now());
    clear(powerbi, element);
    const collected = collectRoutes(powerbi);
    try {
      // `__v_skip` prevents a Vue proxy around the object, which could not post its config.
      this.embed = Object.assign(create() as unknown as EmbedInternals, { __v_skip: true });
    } finally {
      this.#release = collected();
    }
    this.embed.setComponentTitle(title);
    this.#watch();
  }

  /** Sets the token in all places where powerbi-client keeps it. */
  setTokens(token: string | undefined): void {
    for (const place of [this.#config, this.embed?.config, this.embed?.createConfig]) if (place) place.accessToken = token;
  }

  /** Removes the iframe and every reference to its token. */
  remove(): void {
    const { powerbi, element } = this.options;
    this.stopWaiting();
    this.pending = this.token = this.tokenInUse = this.whenLoaded = undefined;
    this.setTokens(undefined);
    clear(powerbi, element);
    this.#release?.();
  }

  #watch(): void {
    const { embed } = this;
    const { load, create, frontLoadSendConfig } = embed;
    // Otherwise the page would see a refused load only as an unhandled rejection.
    embed.load = (phased) => this.#send(() => load.call(embed, phased));
    embed.create = () => this.#send(() => create.call(embed));
    // This is only a hint, so a failure is ignored. The load that follows reports a refusal.
    embed.frontLoadSendConfig = (config) => quiet(frontLoadSendConfig.call(embed, config));
    embed.on<unknown>('error', (event) => this.#refused('load-failed', event.detail));
    embed.on('loaded', () => this.#loaded());
    embed.on('rendered', () => {
      this.#loaded();
      this.options.listener.arrived('rendered');
    });
  }

  async #send(load: () => Promise<void>): Promise<void> {
    if (this.options.signal.aborted || !this.#config) return;
    this.sentAt = Date.now();
    try {
      await load();
    } catch (cause) {
      return this.#refused('load-refused', cause);
    }
    // A paginated report sends no events.
    if (this.isPaginated) this.#loaded();
  }

  #loaded(): void {
    if (this.isLoaded || this.options.signal.aborted) return;
    this.isLoaded = true;
    this.stopWaiting();
    this.options.listener.arrived('loaded');
    this.whenLoaded?.();
  }

  #refused(code: 'load-refused' | 'load-failed', cause: unknown): void {
    this.options.listener.failed(new DynabindError(code, { cause }), !this.isLoaded);
  }

  waitForAnswer(): void {
    const { clock, loadLimit, listener } = this.options;
    this.stopWaiting();
    this.#timer = clock.setTimeout(() => listener.failed(new DynabindError('load-timeout'), true), loadLimit);
  }

  stopWaiting(): void {
    this.options.clock.clearTimeout(this.#timer);
  }
}

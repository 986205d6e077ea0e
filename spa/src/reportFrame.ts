import type { Embed } from 'powerbi-client';
import { isPaginated } from './answers.js';
import { sleep, within, type Clock } from './clock.js';
import type { EmbedConfig } from './contract.js';
import { DynabindError, toDynabindError } from './errors.js';
import { isExpiry, powerBiError } from './faults.js';
import { clear, create, forgetToken, plainCopy, type Internals, type PowerBiService } from './powerbi.js';

export interface FrameListener {
  loaded(): void;
  rendered(): void;
  /** `fatal`: before the report was there. */
  faulty(error: DynabindError, fatal: boolean): void;
  /** Power BI says that the token has expired. */
  expired(cause: unknown): void;
}

export interface FrameOptions {
  powerbi: PowerBiService;
  element: HTMLElement;
  /** With the page's own part of the config. */
  config: EmbedConfig & { accessToken: string };
  title: string;
  clock: Clock;
  /** Limit for `loaded`, in milliseconds. */
  patience: number;
  listener: FrameListener;
}

/**
 * powerbi-client drops a load of the same report within 100 ms of the last one, without an error. It measures with the
 * wall clock, and so does this file.
 */
const LOAD_WINDOW = 120;
const LONGEST_ANSWER = 30_000;

const mountedAt = new WeakMap<HTMLElement, number>();

const remaining = (since = -Infinity): number => Math.min(Math.max(since + LOAD_WINDOW - Date.now(), 0), LOAD_WINDOW);

/** Waits until powerbi-client accepts another load for this element. */
export function pastLoadWindow(element: HTMLElement, clock: Clock, signal: AbortSignal): Promise<void> {
  const wait = remaining(mountedAt.get(element));
  return wait > 0 ? sleep(clock, wait, signal) : Promise.resolve();
}

/** One iframe of powerbi-client, with one config: it shows one binding for as long as it lives. */
export class ReportFrame {
  readonly embed: Embed;
  readonly #element: HTMLElement;
  readonly #powerbi: PowerBiService;
  readonly #clock: Clock;
  readonly #listener: FrameListener;
  readonly #patience: number;
  readonly #isNew: boolean;
  readonly #isPaginated: boolean;
  readonly #stop = new AbortController();
  readonly #setTokens: (token: string | undefined) => void;
  readonly #internals: Internals;
  readonly #release: () => void;
  #sentAt: number | undefined;
  #isLoaded = false;
  #pendingToken: string | undefined;
  /** The last token that the report was given. */
  #token: string | undefined;
  #timer: unknown;

  constructor({ powerbi, element, config, title, clock, patience, listener }: FrameOptions) {
    this.#element = element;
    this.#powerbi = powerbi;
    this.#clock = clock;
    this.#listener = listener;
    this.#patience = patience;
    this.#isNew = config.type === 'create';
    this.#isPaginated = isPaginated(config.embedUrl);
    this.#token = config.accessToken;
    // Before the iframe is there, which has a height of its own.
    if (element.isConnected && !element.offsetHeight) console.warn('Dynabind: the element has no height.', element);
    mountedAt.set(element, Date.now());
    const created = create(powerbi, element, this.#isPaginated ? withoutPanes(config) : plainCopy(config));
    this.embed = created.embed;
    this.#internals = created.embed as unknown as Internals;
    this.#setTokens = created.setTokens;
    this.#release = created.release;
    this.embed.setComponentTitle(title);
    this.#watchPromises();
    this.#watchEvents();
    this.#waitForAnswer();
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Puts a new token into the report, which keeps its view. With `reload` it starts again, as after an expiry. */
  async renew(token: string, reload: boolean): Promise<void> {
    // A page may hand out its own token more than once.
    if (token === this.#token && !reload) return;
    this.#token = token;
    if (this.#sentAt === undefined) return this.#setTokens(token);
    // Paginated reports take no token while they are shown; a new report would be lost by loading it again.
    if (this.#isPaginated || (reload && !this.#isNew)) return this.#loadAgain(token);
    if (this.#isLoaded) return this.#setToken(token);
    this.#pendingToken = token;
  }

  /** Leaves nothing behind that holds the token or the iframe. */
  remove(): void {
    this.#stop.abort();
    this.#clock.clearTimeout(this.#timer);
    this.#pendingToken = this.#token = undefined;
    this.#setTokens(undefined);
    clear(this.#powerbi, this.#element);
    this.#release();
  }

  /** A refused load would otherwise reach the page as an unhandled rejection only. */
  #watchPromises(): void {
    const { load, create: createNew, frontLoadSendConfig } = this.#internals;
    this.#internals.load = (phased) => this.#send(() => load.call(this.#internals, phased));
    this.#internals.create = () => this.#send(() => createNew.call(this.#internals));
    // A hint ahead of the load, which reports a refusal itself.
    this.#internals.frontLoadSendConfig = (config) =>
      frontLoadSendConfig.call(this.#internals, config).catch(() => undefined);
  }

  async #send(load: () => Promise<void>): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#sentAt = Date.now();
    try {
      await load();
    } catch (cause) {
      return this.#refused('load-refused', cause);
    }
    // A paginated report sends no events.
    if (this.#isPaginated) this.#loaded();
  }

  #watchEvents(): void {
    this.embed.on<unknown>('error', (event) => this.#refused('load-failed', event.detail));
    if (this.#isPaginated) return;
    this.embed.on('loaded', () => this.#loaded());
    this.embed.on('rendered', () => {
      this.#loaded();
      this.#listener.rendered();
    });
  }

  #loaded(): void {
    if (this.#isLoaded || this.#stop.signal.aborted) return;
    this.#isLoaded = true;
    this.#clock.clearTimeout(this.#timer);
    this.#listener.loaded();
    const token = this.#pendingToken;
    this.#pendingToken = undefined;
    if (token) this.#setToken(token).catch((cause: unknown) => this.#listener.faulty(toDynabindError(cause), false));
  }

  #refused(code: 'load-refused' | 'load-failed', cause: unknown): void {
    if (this.#stop.signal.aborted) return;
    if (!isExpiry(cause)) {
      this.#clock.clearTimeout(this.#timer);
      return this.#listener.faulty(powerBiError(code, cause), !this.#isLoaded);
    }
    if (this.#pendingToken) void this.#loadAgain(this.#pendingToken);
    else this.#listener.expired(cause);
  }

  async #loadAgain(token: string): Promise<void> {
    const { signal } = this.#stop;
    this.#pendingToken = undefined;
    this.#setTokens(token);
    this.#isLoaded = false;
    try {
      await sleep(this.#clock, remaining(this.#sentAt), signal);
      this.#waitForAnswer();
      // Other reports wait for this one; a load that is never answered must not keep them.
      const limit = { clock: this.#clock, milliseconds: LONGEST_ANSWER };
      await within(this.#isNew ? this.#internals.create() : this.embed.reload(), signal, limit);
    } catch (cause) {
      if (!signal.aborted) throw cause;
    }
  }

  async #setToken(token: string): Promise<void> {
    const { signal } = this.#stop;
    const late = () => new DynabindError('token-refused', { detail: 'The report did not answer.' });
    const answer = this.embed.setAccessToken(token).finally(() => forgetToken(this.#powerbi, this.#element));
    try {
      await within(answer, signal, { clock: this.#clock, milliseconds: LONGEST_ANSWER, late });
      this.#setTokens(token);
    } catch (cause) {
      this.#token = undefined;
      if (!signal.aborted) throw cause instanceof DynabindError ? cause : powerBiError('token-refused', cause);
    }
  }

  #waitForAnswer(): void {
    this.#clock.clearTimeout(this.#timer);
    const late = () => this.#listener.faulty(new DynabindError('load-timeout'), true);
    this.#timer = this.#clock.setTimeout(late, this.#patience);
  }
}

/** These settings are known to keep a paginated report from loading. */
function withoutPanes(config: object): object {
  const copy = plainCopy(config) as { settings?: { panes?: unknown; background?: unknown } };
  delete copy.settings?.panes;
  delete copy.settings?.background;
  return copy;
}

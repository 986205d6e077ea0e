import type { Embed } from 'powerbi-client';
import { sleep, unlessAborted, within, type Clock } from './clock.js';
import type { EmbedConfig } from './contract.js';
import { DynabindError } from './errors.js';
import { isExpiry, powerBiError } from './faults.js';
import type { PowerBiService } from './powerbi.js';

export interface MountListener {
  loaded(): void;
  rendered(): void;
  /** `fatal`: before the report was there. */
  faulty(error: DynabindError, fatal: boolean): void;
  /** Power BI says that the token has run out. */
  expired(cause: unknown): void;
}

export interface MountOptions {
  powerbi: PowerBiService;
  element: HTMLElement;
  config: EmbedConfig;
  title: string;
  clock: Clock;
  listener: MountListener;
}

/** Parts of powerbi-client that its types hide: promises that it does not look at, and where it keeps the token. */
interface Internals {
  load(phased?: boolean): Promise<void>;
  create(): Promise<void>;
  frontLoadSendConfig(config: unknown): Promise<void>;
  config: { accessToken?: string | undefined };
  createConfig?: { accessToken?: string | undefined };
}

/**
 * powerbi-client drops a load of the same report within 100 ms of the last one, without a word. It measures them by the
 * system's clock, and so are they measured here, whatever clock the page gives.
 */
const LOAD_WINDOW = 120;
const LONGEST_LOAD = 60_000;
const LONGEST_ANSWER = 30_000;
const TOKEN_ATTRIBUTE = 'powerbi-access-token';

const mountedAt = new WeakMap<HTMLElement, number>();

/** Waits until the window in which powerbi-client drops loads has passed for this element. */
export function pastLoadWindow(element: HTMLElement, clock: Clock, signal: AbortSignal): Promise<void> {
  const wait = remaining(mountedAt.get(element));
  return wait > 0 ? sleep(clock, wait, signal) : Promise.resolve();
}

const remaining = (since: number | undefined): number =>
  since === undefined ? 0 : Math.min(Math.max(since + LOAD_WINDOW - Date.now(), 0), LOAD_WINDOW);

/** One iframe of powerbi-client, from one config: it shows one binding for as long as it lives. */
export class Mount {
  readonly embed: Embed;
  readonly #options: MountOptions;
  readonly #internals: Internals;
  readonly #isPaginated: boolean;
  readonly #stop = new AbortController();
  #sentAt: number | undefined;
  #isLoaded = false;
  #pendingToken: string | undefined;
  #patience: unknown;

  constructor(options: MountOptions) {
    this.#options = options;
    this.#isPaginated = new URL(options.config.embedUrl).pathname.toLowerCase().startsWith('/rdlembed');
    mountedAt.set(options.element, Date.now());
    this.embed = this.#create();
    this.#internals = this.embed as unknown as Internals;
    this.embed.setComponentTitle(options.title);
    this.#watchPromises();
    this.#watchEvents();
    this.#waitForAnswer();
  }

  get #isNew(): boolean {
    return this.#options.config.type === 'create';
  }

  /** Puts a new token into the report, which keeps its view; with `reload` it starts again, as after an expiry it must. */
  async renew(token: string, reload: boolean): Promise<void> {
    if (this.#sentAt === undefined) return this.#keepToken(token);
    if (!this.#isLoaded) {
      this.#pendingToken = token;
      return reload ? this.#loadAgain() : undefined;
    }
    await this.#setToken(token);
    // A new report that is being written would be lost by loading it again.
    if (reload && !this.#isNew) await this.#loadAgain();
  }

  remove(): void {
    this.#stop.abort();
    this.#options.clock.clearTimeout(this.#patience);
    this.#keepToken(undefined);
    clear(this.#options.powerbi, this.#options.element);
  }

  #create(): Embed {
    const { powerbi, element, config } = this.#options;
    clear(powerbi, element);
    // powerbi-client writes into the config that it is given.
    const own = structuredClone(config) as never;
    try {
      return this.#isNew ? powerbi.createReport(element, own) : powerbi.embed(element, own);
    } catch (cause) {
      clear(powerbi, element);
      throw powerBiError('config-refused', cause);
    }
  }

  /** A refused load would otherwise reach the page as an unhandled rejection and nothing else. */
  #watchPromises(): void {
    const { load, create, frontLoadSendConfig } = this.#internals;
    this.#internals.load = (phased) => this.#send(() => load.call(this.#internals, phased));
    this.#internals.create = () => this.#send(() => create.call(this.#internals));
    // A hint only, sent ahead of the load; if the load is refused too, that is reported.
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
    this.#options.clock.clearTimeout(this.#patience);
    // A paginated report need not tell of itself by events.
    if (this.#isPaginated) this.#loaded();
  }

  #watchEvents(): void {
    this.embed.on('loaded', () => this.#loaded());
    this.embed.on('rendered', () => {
      this.#loaded();
      this.#options.listener.rendered();
    });
    this.embed.on<unknown>('error', (event) => this.#refused('load-failed', event.detail));
  }

  #loaded(): void {
    if (this.#isLoaded || this.#stop.signal.aborted) return;
    this.#isLoaded = true;
    this.#options.clock.clearTimeout(this.#patience);
    this.#options.listener.loaded();
    const token = this.#takePendingToken();
    if (token) this.#setToken(token).catch((error: DynabindError) => this.#options.listener.faulty(error, false));
  }

  #refused(code: 'load-refused' | 'load-failed', cause: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#options.clock.clearTimeout(this.#patience);
    if (!isExpiry(cause)) return this.#options.listener.faulty(powerBiError(code, cause), !this.#isLoaded);
    if (this.#pendingToken) void this.#loadAgain();
    else this.#options.listener.expired(cause);
  }

  async #loadAgain(): Promise<void> {
    const token = this.#takePendingToken();
    if (token) this.#keepToken(token);
    this.#isLoaded = false;
    try {
      await sleep(this.#options.clock, remaining(this.#sentAt), this.#stop.signal);
    } catch {
      return;
    }
    this.#waitForAnswer();
    // Other reports wait for this one to have its token; a load that is never answered must not keep them.
    const load = this.#isNew ? this.#internals.create() : this.embed.reload();
    const unanswered = () => new DynabindError('load-timeout');
    await within(this.#options.clock, LONGEST_ANSWER, unlessAborted(load, this.#stop.signal), unanswered).catch(() => undefined);
  }

  async #setToken(token: string): Promise<void> {
    const answer = this.embed.setAccessToken(token).finally(() => forgetToken(this.#options));
    const silent = () => new DynabindError('token-refused', { detail: 'The report did not answer.' });
    try {
      await within(this.#options.clock, LONGEST_ANSWER, unlessAborted(answer, this.#stop.signal), silent);
    } catch (cause) {
      if (this.#stop.signal.aborted) return;
      throw cause instanceof DynabindError ? cause : powerBiError('token-refused', cause);
    }
  }

  #takePendingToken(): string | undefined {
    const token = this.#pendingToken;
    this.#pendingToken = undefined;
    return token;
  }

  #keepToken(token: string | undefined): void {
    this.#internals.config.accessToken = token;
    if (this.#internals.createConfig) this.#internals.createConfig.accessToken = token;
  }

  #waitForAnswer(): void {
    this.#options.clock.clearTimeout(this.#patience);
    this.#patience = this.#options.clock.setTimeout(
      () => this.#options.listener.faulty(new DynabindError('load-timeout'), true),
      LONGEST_LOAD,
    );
  }
}

/** Takes all that powerbi-client left in the element: it keeps the iframe of a config that it refused. */
export function clear(powerbi: PowerBiService, element: HTMLElement): void {
  powerbi.reset(element);
  for (const iframe of element.querySelectorAll(':scope > iframe')) iframe.remove();
  forgetToken({ powerbi, element });
}

/** powerbi-client copies each new token into the DOM and into its service, where it outlives the report. */
function forgetToken({ powerbi, element }: Pick<MountOptions, 'powerbi' | 'element'>): void {
  element.removeAttribute(TOKEN_ATTRIBUTE);
  powerbi.accessToken = '';
}

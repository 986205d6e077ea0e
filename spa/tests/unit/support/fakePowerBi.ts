import { vi } from 'vitest';
import type { PowerBiService } from '@dynabind/client';

interface FakeConfig {
  type: string;
  accessToken: string | undefined;
  embedUrl: string;
  datasetBinding?: { datasetId: string };
  [field: string]: unknown;
}

/** Behaves like an Embed of powerbi-client towards the library. The test simulates the iframe. */
export class FakeEmbed {
  isIframeReady = false;
  readonly loads: { accessToken: string | undefined; datasetId: string | undefined }[] = [];
  readonly tokens: string[] = [];
  answer: () => Promise<void> = () => Promise.resolve();
  tokenAnswer: () => Promise<void> = () => Promise.resolve();
  iframe: HTMLIFrameElement;
  /** powerbi-client copies the config, and its bookmarks keep the original one. */
  config: FakeConfig;
  /** The address of the iframe. A later config does not change it. */
  readonly src: string;
  #listeners: [string, EventListener][] = [];

  constructor(
    readonly service: FakePowerBi,
    readonly element: HTMLElement,
    readonly given: FakeConfig,
  ) {
    this.config = { ...given };
    this.src = given.embedUrl;
    this.iframe = document.createElement('iframe');
    element.replaceChildren(this.iframe);
  }

  setComponentTitle(title: string): void {
    this.iframe.title = title;
  }

  on(name: string, listener: EventListener): void {
    this.#listeners.push([name, listener]);
    this.element.addEventListener(name, listener);
  }

  off(): void {
    for (const [name, listener] of this.#listeners) this.element.removeEventListener(name, listener);
  }

  async load(): Promise<void> {
    if (!this.config.accessToken || !this.isIframeReady) return;
    this.loads.push({ accessToken: this.config.accessToken, datasetId: this.config.datasetBinding?.datasetId });
    await this.answer();
  }

  async create(): Promise<void> {
    return this.load();
  }

  async frontLoadSendConfig(): Promise<void> {
    return Promise.reject({ message: 'too early' });
  }

  /** The config of a report whose iframe was started without one. */
  configure(config: FakeConfig): void {
    this.config = { ...this.config, ...config };
    // powerbi-client does not handle this promise either.
    void this.load();
  }

  validate(config: FakeConfig): unknown {
    return config.accessToken ? undefined : [{ message: 'accessToken is required' }];
  }

  reload(): Promise<void> {
    return this.load();
  }

  async setAccessToken(token: string): Promise<void> {
    await this.tokenAnswer();
    this.tokens.push(token);
    this.config.accessToken = token;
    this.element.setAttribute('powerbi-access-token', token);
    this.service.accessToken = token;
  }

  /** The iframe has loaded, and powerbi-client posts the config. As in the real one, the promise is not handled. */
  iframeReady(): void {
    this.isIframeReady = true;
    void (this.config.type === 'create' ? this.create() : this.load());
  }

  emit(name: string, detail: unknown = {}): void {
    this.element.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export class FakePowerBi {
  accessToken = '';
  readonly all: FakeEmbed[] = [];
  readonly #byElement = new Map<HTMLElement, FakeEmbed>();

  readonly embed = vi.fn((element: HTMLElement, config: FakeConfig) => {
    const started = this.#byElement.get(element);
    if (!started || started.config.accessToken !== undefined) return this.#make(element, config);
    started.configure(config);
    return started;
  });
  readonly createReport = vi.fn((element: HTMLElement, config: FakeConfig) => this.#make(element, config));

  readonly bootstrap = vi.fn((element: HTMLElement, config: FakeConfig) => this.#make(element, config));

  readonly reset = vi.fn((element: HTMLElement) => {
    const embed = this.#byElement.get(element);
    embed?.off();
    embed?.iframe.remove();
    this.#byElement.delete(element);
  });

  on(element: HTMLElement): FakeEmbed {
    const embed = this.#byElement.get(element);
    if (!embed) throw new Error('Nothing is embedded there.');
    return embed;
  }

  asService(): PowerBiService {
    return this as unknown as PowerBiService;
  }

  #make(element: HTMLElement, config: FakeConfig): FakeEmbed {
    if (this.#byElement.has(element)) throw new Error('The element was not reset first.');
    const embed = new FakeEmbed(this, element, config);
    this.#byElement.set(element, embed);
    this.all.push(embed);
    return embed;
  }
}

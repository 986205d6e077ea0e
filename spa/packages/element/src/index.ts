import type { Dynabind, EmbedOptions, Handle, HandleEvents, HandleState, DynabindError, Mode } from '@dynabind/client';

export type { Dynabind } from '@dynabind/client';

const ATTRIBUTES = ['report', 'dataset', 'mode', 'label'] as const;
const EVENTS = ['statechange', 'loaded', 'rendered', 'tokenRefreshed', 'timings', 'error'] as const;

/** A server that renders pages may load this file, but has no `HTMLElement`. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/** The client of all elements without their own `client`. */
let defaultClient: Dynabind | undefined;

/**
 * `<dynabind-report report="sales" dataset="contoso-sales" label="Sales"></dynabind-report>`
 *
 * Attributes: `report`, `dataset`, `mode`, `label` (names the report to screen readers), `quiet` (does not write errors
 * into the element). Events: those of a handle, with a prefix, such as `dynabind-loaded` and `dynabind-error`.
 */
export class DynabindReportElement extends Base {
  static readonly observedAttributes: readonly string[] = ATTRIBUTES;
  #client: Dynabind | undefined;
  #config: EmbedOptions['config'];
  #handle: Handle | undefined;
  #isPlanned = false;

  /** The client of this element, if it is not the page's client. */
  get client(): Dynabind | undefined {
    return this.#client ?? defaultClient;
  }

  set client(client: Dynabind | undefined) {
    this.#client = client;
    this.#dispose();
    this.#plan();
  }

  /** Settings, filters and similar fields for powerbi-client. They are read when the report is embedded. */
  get config(): EmbedOptions['config'] {
    return this.#config;
  }

  set config(config: EmbedOptions['config']) {
    this.#config = config;
  }

  get handle(): Handle | undefined {
    return this.#handle;
  }

  get state(): HandleState | undefined {
    return this.#handle?.state;
  }

  get error(): DynabindError | undefined {
    return this.#handle?.error;
  }

  connectedCallback(): void {
    // Frameworks may set properties before the element is defined.
    for (const name of ['client', 'config', ...ATTRIBUTES] as const) this.#adopt(name);
    this.style.display ||= 'block';
    this.#plan();
  }

  disconnectedCallback(): void {
    this.#plan();
  }

  attributeChangedCallback(): void {
    this.#plan();
  }

  /** Shows the report again after an error. */
  retry(): void {
    this.#dispose();
    this.#plan();
  }

  #adopt(name: 'client' | 'config' | (typeof ATTRIBUTES)[number]): void {
    if (!Object.hasOwn(this, name)) return;
    const early: unknown = this[name as 'config'];
    delete (this as Record<string, unknown>)[name];
    (this as Record<string, unknown>)[name] = early;
  }

  /** Runs once for all changes of a tick, so that a moved element is not embedded again. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#update();
    });
  }

  #update(): void {
    const { client } = this;
    const wanted = this.#binding();
    if (!this.isConnected || !client || (!wanted.report && wanted.mode !== 'create')) return this.#dispose();
    const shown = this.#handle?.binding;
    const isSame = shown?.report === wanted.report && shown?.mode === (wanted.mode ?? 'view');
    if (this.#handle && this.#handle.state !== 'disposed' && isSame) {
      if (wanted.dataset !== undefined && shown?.dataset !== wanted.dataset) void this.#handle.switchDataset(wanted.dataset);
      return;
    }
    this.#embed(client, wanted);
  }

  #binding(): EmbedOptions {
    const { report, dataset, mode, label: title } = Object.fromEntries(
      ATTRIBUTES.map((name) => [name, this.getAttribute(name) || undefined]),
    ) as Record<string, string | undefined>;
    return {
      ...(report !== undefined && { report }),
      ...(dataset !== undefined && { dataset }),
      ...(mode !== undefined && { mode: mode as Mode }),
      ...(title !== undefined && { title }),
      ...(this.#config && { config: this.#config }),
    };
  }

  #embed(client: Dynabind, options: EmbedOptions): void {
    this.#handle?.dispose();
    let handle: Handle;
    try {
      handle = client.embed(this, options);
    } catch (cause) {
      // The client was disposed.
      this.#handle = undefined;
      return this.#failed(cause as DynabindError);
    }
    this.#handle = handle;
    for (const name of EVENTS) {
      handle.on(name, (detail: HandleEvents[typeof name]) => {
        if (this.#handle !== handle) return;
        this.#showError(this.error?.fatal ? this.error : undefined);
        this.#dispatch(name, detail);
      });
    }
    this.#showError();
  }

  #failed(error: DynabindError): void {
    this.#showError(error);
    this.#dispatch('error', error);
  }

  #dispatch(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(`dynabind-${name.toLowerCase()}`, { detail, bubbles: true, composed: true }));
  }

  #dispose(): void {
    this.#handle?.dispose();
    this.#handle = undefined;
    this.#showError();
  }

  /** Shows a fatal error in the place of the report. */
  #showError(error?: DynabindError): void {
    for (const old of this.querySelectorAll(':scope > [data-dynabind-error]')) old.remove();
    if (!error || this.hasAttribute('quiet')) return;
    const text = document.createElement('p');
    text.setAttribute('role', 'alert');
    text.setAttribute('data-dynabind-error', error.code);
    text.textContent = `${error.message} ${error.remedy}`;
    this.append(text);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'dynabind-report': DynabindReportElement;
  }
}

/** Defines properties, because frameworks set properties if they exist. Reading `dataset` still returns the browser's own. */
for (const name of ATTRIBUTES) {
  const native = Object.getOwnPropertyDescriptor(Base.prototype, name);
  Object.defineProperty(DynabindReportElement.prototype, name, {
    configurable: true,
    get(this: HTMLElement): unknown {
      return native?.get ? (native.get.call(this) as unknown) : this.getAttribute(name);
    },
    set(this: HTMLElement, value: string | null | undefined) {
      if (value === null || value === undefined) this.removeAttribute(name);
      else this.setAttribute(name, value);
    },
  });
}

/** Registers `<dynabind-report>`. Elements without their own `client` use this one. */
export function defineDynabindReport(client?: Dynabind, name = 'dynabind-report'): void {
  defaultClient = client ?? defaultClient;
  if (!customElements.get(name)) customElements.define(name, DynabindReportElement);
}

import type { Token } from './api.js';
import type { ConfigBatcher, Grant } from './batch.js';
import { within, type Clock } from './clock.js';
import type { Binding } from './contract.js';
import { DynabindError, toDynabindError } from './errors.js';
import { parts, type Parts } from './parts.js';
import type { PowerBiService } from './powerbi.js';
import type { FrameListener, ReportFrame } from './reportFrame.js';
import type { Member, SharedToken } from './sharedToken.js';

export interface Page {
  batcher: ConfigBatcher;
  clock: Clock;
  /** Limit for `loaded`, in milliseconds. */
  patience: number;
  /** The page's own service, where it has one. */
  powerbi: PowerBiService | undefined;
}

export interface Target {
  element: HTMLElement;
  title: string | undefined;
  /** The page's own part of the config: settings, filters, theme. The service's part wins. */
  extra: object;
}

export interface Progress {
  loading(): void;
  loaded(): void;
  rendered(): void;
  /** `isShown`: the report is on the screen with a token that works. */
  tokenRefreshed(token: Token, isShown: boolean): void;
  /** `fatal`: nothing usable is on the screen. */
  failed(error: DynabindError, fatal: boolean): void;
}

/** One binding in one element, from asking for its config to its removal. */
export class EmbedSession implements Member, FrameListener {
  readonly binding: Binding;
  token: SharedToken | undefined;
  isExpired = false;
  readonly #page: Page;
  readonly #target: Target;
  readonly #progress: Progress;
  readonly #stop = new AbortController();
  #frame: ReportFrame | undefined;
  /** The token of the last load; a later one was only handed over. */
  #loadedWith: string | undefined;
  #lastFailure: string | undefined;

  constructor(page: Page, target: Target, binding: Binding, progress: Progress) {
    this.#page = page;
    this.#target = target;
    this.binding = binding;
    this.#progress = progress;
  }

  get frame(): ReportFrame | undefined {
    return this.#frame;
  }

  async start(): Promise<void> {
    const { signal } = this.#stop;
    try {
      const asked = this.#page.batcher.ask(this.binding, signal);
      const loaded = parts().then(async (all) => ({ ...all, powerbi: await all.findPowerBi(this.#page.powerbi) }));
      const [{ powerbi, pastLoadWindow, ReportFrame: Frame }, grant] = await within(Promise.all([loaded, asked]), signal);
      grant.token.keeper.join(this, grant.token);
      await pastLoadWindow(this.#target.element, this.#page.clock, signal);
      this.#show(Frame, powerbi, grant.config);
    } catch (cause) {
      if (signal.aborted) return;
      this.end();
      this.#progress.failed(toDynabindError(cause), true);
    }
  }

  /** Removes the iframe, with the data in it, now. Nothing reaches this session afterwards. */
  end(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.token?.keeper.leave(this);
    this.#frame?.remove();
    this.#frame = this.#loadedWith = undefined;
  }

  /** Renews the token now; rejects if that did not reach this report. */
  async refresh(): Promise<void> {
    const failures = await this.token?.keeper.renew(this.token);
    const failure = failures?.get(this);
    if (failure) throw failure;
  }

  async renewed(token: Token): Promise<void> {
    const frame = this.#frame;
    this.#lastFailure = undefined;
    if (!frame) return;
    const reload = this.isExpired;
    if (reload) {
      this.#loadedWith = token.token;
      this.#progress.loading();
    }
    try {
      await frame.renew(token.token, reload);
      this.isExpired = false;
    } catch (cause) {
      const error = toDynabindError(cause);
      if (!this.#stop.signal.aborted) this.#progress.failed(error, false);
      throw error;
    }
    if (!this.#stop.signal.aborted) this.#progress.tokenRefreshed(token, frame.isLoaded);
  }

  refused(error: DynabindError): void {
    this.end();
    this.#progress.failed(error, true);
  }

  loaded(): void {
    this.#progress.loaded();
  }

  rendered(): void {
    this.#progress.rendered();
  }

  faulty(error: DynabindError, fatal: boolean): void {
    this.#progress.failed(error, fatal);
  }

  /** Reported once, however often the renewal fails. */
  failed(error: DynabindError): void {
    const fatal = !this.token || this.token.keeper.isExpired(this.token);
    const failure = `${error.code} ${fatal}`;
    if (this.isExpired || failure === this.#lastFailure) return;
    this.#lastFailure = failure;
    this.#progress.failed(error, fatal);
  }

  expired(cause: unknown): void {
    if (this.isExpired || !this.token) return;
    this.isExpired = true;
    const { value } = this.token;
    // The report may have noticed too late that it has a new token: that one is worth a load before yet another one.
    if (value.token !== this.#loadedWith) return void this.renewed(value).catch(() => undefined);
    const recovery = this.token.keeper.recover(this.token);
    const failed = (reason: unknown) => this.#progress.failed(new DynabindError('token-expired', { cause: reason }), true);
    if (!recovery) return failed(cause);
    void recovery.then((failures) => {
      if (this.isExpired && !this.#stop.signal.aborted) failed(failures.get(this) ?? cause);
    });
  }

  #show(Frame: Parts['ReportFrame'], powerbi: PowerBiService, config: Grant['config']): void {
    const { element, extra, title } = this.#target;
    const accessToken = this.token?.value.token ?? '';
    this.#loadedWith = accessToken;
    this.#frame = new Frame({
      powerbi,
      element,
      config: { ...extra, ...config, accessToken },
      title: title ?? `Power BI report ${this.binding.report ?? ''}`.trim(),
      clock: this.#page.clock,
      patience: this.#page.patience,
      listener: this,
    });
  }
}

import type { Token } from './api.js';
import type { Grant } from './batch.js';
import type { Clock } from './clock.js';
import type { Binding } from './contract.js';
import { DynabindError, toDynabindError } from './errors.js';
import type { PowerBiService } from './powerbi.js';
import { pastLoadWindow, ReportFrame, type FrameListener } from './reportFrame.js';
import type { Member, SharedToken } from './sharedToken.js';

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
  /** The caller may no longer see this: it has to go. */
  refused(error: DynabindError): void;
}

export interface SessionOptions {
  target: Target;
  binding: Binding;
  clock: Clock;
  /** Limit for `loaded`, in milliseconds. */
  patience: number;
  progress: Progress;
  /** Aborted when the session has ended; `progress` hears nothing from then on. */
  signal: AbortSignal;
}

/** One binding in one element, from its config to its removal. */
export class EmbedSession implements Member, FrameListener {
  readonly binding: Binding;
  token: SharedToken | undefined;
  isExpired = false;
  readonly #options: SessionOptions;
  readonly #progress: Progress;
  #frame: ReportFrame | undefined;
  /** The token of the last load; a later one was only handed over. */
  #loadedWith: string | undefined;
  /** A token that the report did not accept. */
  #refusedToken: string | undefined;
  #lastFailure: string | undefined;

  constructor(options: SessionOptions, token: SharedToken) {
    this.#options = options;
    this.binding = options.binding;
    this.#progress = options.progress;
    token.keeper.join(this, token);
  }

  get frame(): ReportFrame | undefined {
    return this.#frame;
  }

  async show(powerbi: PowerBiService, config: Grant['config']): Promise<void> {
    const { target, binding, clock, patience, signal } = this.#options;
    const { element, extra, title = `Power BI report ${binding.report ?? ''}`.trim() } = target;
    await pastLoadWindow(element, clock, signal);
    const accessToken = this.token?.value.token ?? '';
    this.#loadedWith = accessToken;
    const own = { ...extra, ...config, accessToken };
    this.#frame = new ReportFrame({ powerbi, element, config: own, title, clock, patience, listener: this });
  }

  /** Removes the iframe, with the data in it, now. */
  end(): void {
    this.token?.keeper.leave(this);
    this.#frame?.remove();
    this.#frame = this.#loadedWith = this.#refusedToken = undefined;
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
      this.#refusedToken = token.token;
      this.#progress.failed(error, false);
      throw error;
    }
    this.#progress.tokenRefreshed(token, frame.isLoaded);
  }

  refused(error: DynabindError): void {
    this.#progress.refused(error);
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
    const { value, keeper } = this.token;
    // The report may have noticed too late that it has a new token: that one is worth a load before yet another one.
    if (value.token !== this.#loadedWith && value.token !== this.#refusedToken) return void this.renewed(value).catch(() => undefined);
    const recovery = keeper.recover(this.token);
    const failed = (reason: unknown) => this.#progress.failed(new DynabindError('token-expired', { cause: reason }), true);
    if (!recovery) return failed(cause);
    void recovery.then((failures) => this.isExpired && failed(failures.get(this) ?? cause));
  }
}

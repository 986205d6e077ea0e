import type { ConfigBatcher } from './batch.js';
import { unlessAborted, type Clock } from './clock.js';
import type { Binding, EmbedConfig } from './contract.js';
import { DynabindError, toDynabindError } from './errors.js';
import type { Lease, Member, Token } from './lease.js';
import { Mount, pastLoadWindow, type MountListener } from './mount.js';
import type { PowerBiService } from './powerbi.js';

export interface Page {
  batcher: ConfigBatcher;
  clock: Clock;
  powerbi(): Promise<PowerBiService>;
}

export interface Target {
  element: HTMLElement;
  title: string;
  /** The page's own part of the config: settings, filters, theme. The service's part wins. */
  extra: object;
}

export interface Progress {
  loading(): void;
  loaded(): void;
  rendered(): void;
  tokenRefreshed(token: Token): void;
  /** `fatal`: nothing, or nothing usable, is on the screen. */
  failed(error: DynabindError, fatal: boolean): void;
}

/** A report whose fresh token runs out at once is not helped by yet another one. */
const RECOVERY_WINDOW = 30_000;

/** One binding in one element, from asking for its config to its removal. Once ended, nothing reaches it any more. */
export class Showing implements Member, MountListener {
  readonly binding: Binding;
  lease: Lease | undefined;
  readonly #page: Page;
  readonly #target: Target;
  readonly #progress: Progress;
  readonly #stop = new AbortController();
  #mount: Mount | undefined;
  #recoveredAt = -Infinity;
  #mustReload = false;
  #isReloading = false;
  #lastFailure: string | undefined;

  constructor(page: Page, target: Target, binding: Binding, progress: Progress) {
    this.#page = page;
    this.#target = target;
    this.binding = binding;
    this.#progress = progress;
  }

  get mount(): Mount | undefined {
    return this.#mount;
  }

  async start(): Promise<void> {
    const { signal } = this.#stop;
    try {
      const asked = this.#page.batcher.ask(this.binding, signal);
      const [powerbi, grant] = await unlessAborted(Promise.all([this.#page.powerbi(), asked]), signal);
      grant.lease.join(this);
      await pastLoadWindow(this.#target.element, this.#page.clock, signal);
      this.#show(powerbi, grant.config);
    } catch (cause) {
      if (signal.aborted) return;
      const error = toDynabindError(cause);
      this.end();
      this.#progress.failed(error, true);
    }
  }

  /** Removes the iframe, with the data in it, now. */
  end(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.lease?.leave(this);
    this.#mount?.remove();
  }

  /** Renews the token now; rejects if that did not reach this report. */
  async refresh(): Promise<void> {
    const failures = await this.lease?.renew();
    const failure = failures?.get(this);
    if (failure) throw failure;
  }

  async renewed(token: Token, late: boolean): Promise<void> {
    const isRecovery = this.#mustReload;
    const reload = late || isRecovery;
    this.#mustReload = false;
    this.#lastFailure = undefined;
    if (!this.#mount) return;
    if (reload) this.#progress.loading();
    this.#isReloading = reload;
    try {
      await this.#mount.renew(token.token, reload);
    } catch (cause) {
      const error = toDynabindError(cause);
      // A recovery reports its own end.
      if (!this.#stop.signal.aborted && !isRecovery) this.#progress.failed(error, reload);
      throw error;
    } finally {
      this.#isReloading = false;
    }
    if (!this.#stop.signal.aborted) this.#progress.tokenRefreshed(token);
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

  /** Said once, however often the renewal is tried again in vain. */
  failed(error: DynabindError): void {
    const fatal = this.lease?.isExpired ?? true;
    const failure = `${error.code} ${fatal}`;
    if (this.#mustReload || failure === this.#lastFailure) return;
    this.#lastFailure = failure;
    this.#progress.failed(error, fatal);
  }

  expired(cause: unknown): void {
    if (this.#isReloading || this.#mustReload) return;
    const now = this.#page.clock.now();
    if (now - this.#recoveredAt < RECOVERY_WINDOW) {
      return this.#progress.failed(new DynabindError('token-expired', { cause }), true);
    }
    this.#recoveredAt = now;
    this.#mustReload = true;
    void this.lease?.renew().then((failures) => {
      const failure = failures.get(this);
      if (!failure || this.#stop.signal.aborted) return;
      this.#progress.failed(new DynabindError('token-expired', { cause: failure }), true);
    });
  }

  #show(powerbi: PowerBiService, config: EmbedConfig): void {
    const accessToken = this.lease?.token.token ?? config.accessToken;
    this.#mount = new Mount({
      powerbi,
      element: this.#target.element,
      config: { ...this.#target.extra, ...config, accessToken },
      title: this.#target.title,
      clock: this.#page.clock,
      listener: this,
    });
  }
}

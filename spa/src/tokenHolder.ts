import type { Token } from './api.js';
import { sleep, within } from './clock.js';
import type { Binding } from './contract.js';
import { DynabindError, toDynabindError } from './errors.js';
import { loadWindow, type Frame } from './frame.js';
import { forgetToken } from './powerbi.js';
import { withDetail } from './powerBiErrors.js';
import type { Member, SharedToken } from './sharedToken.js';

const LONGEST_ANSWER = 30_000;

/** Passes renewed tokens to one report. */
export class TokenHolder implements Member {
  readonly binding: Binding;
  isExpired = false;
  readonly #frame: Frame;
  #sharedToken: SharedToken | undefined;
  /** The token of the last load. Later tokens were set without a load. */
  #loadedWith: string | undefined;
  /** A token that the report did not accept. */
  #refusedToken: string | undefined;
  #lastFailure: string | undefined;

  constructor(frame: Frame, binding: Binding) {
    this.#frame = frame;
    this.binding = binding;
    this.#loadedWith = frame.token;
  }

  get token(): SharedToken | undefined {
    return this.#sharedToken;
  }

  set token(token: SharedToken | undefined) {
    this.#sharedToken = token;
    this.#frame.tokenInUse = token?.value;
  }

  end(): void {
    this.#sharedToken?.renewals.leave(this);
    this.#loadedWith = this.#refusedToken = undefined;
  }

  /** Renews the token now. Rejects if this report does not get the new token. */
  async refresh(): Promise<void> {
    const failures = await this.token?.renewals.renew(this.token);
    const failure = failures?.get(this);
    if (failure) throw failure;
  }

  async renewed(token: Token): Promise<void> {
    const { listener } = this.#frame.options;
    this.#lastFailure = undefined;
    const reload = this.isExpired;
    if (reload) {
      this.#loadedWith = token.token;
      listener.loading();
    }
    try {
      await this.#give(token.token, reload);
      this.isExpired = false;
    } catch (cause) {
      const error = toDynabindError(cause);
      this.#refusedToken = token.token;
      listener.failed(error, false);
      throw error;
    }
    listener.tokenRefreshed(token, this.#frame.isLoaded);
  }

  refused(error: DynabindError): void {
    this.#frame.options.listener.refused(error);
  }

  /** Reports a failed renewal. The same failure is reported only once. */
  failed(error: DynabindError): void {
    const fatal = !this.token || this.token.renewals.isExpired(this.token);
    const failure = `${error.code} ${fatal}`;
    if (this.isExpired || failure === this.#lastFailure) return;
    this.#lastFailure = failure;
    this.#frame.options.listener.failed(error, fatal);
  }

  /** Called when Power BI says that the token has expired. */
  expired(cause: unknown): void {
    const { pending } = this.#frame;
    if (pending) return void this.#loadAgain(pending);
    if (this.isExpired || !this.token) return;
    this.isExpired = true;
    const { value, renewals } = this.token;
    // The report may have expired before it received its newest token, so that token is loaded before another is requested.
    if (value.token !== this.#loadedWith && value.token !== this.#refusedToken) return void this.renewed(value).catch(() => undefined);
    const recovery = renewals.recover(this.token);
    const failed = (reason: unknown) =>
      this.#frame.options.listener.failed(new DynabindError('token-expired', { cause: reason }), true);
    if (!recovery) return failed(cause);
    void recovery.then((failures) => this.isExpired && failed(failures.get(this) ?? cause));
  }

  /** Sets a new token in the report, which keeps its view. With `reload`, the report starts again, as after an expiry. */
  async #give(token: string, reload: boolean): Promise<void> {
    const frame = this.#frame;
    // The page may return the same user token again.
    if (token === frame.token && !reload) return;
    frame.token = token;
    if (frame.sentAt === undefined) return frame.setTokens(token);
    // A paginated report accepts no token while it is shown, so it is loaded again. A new report is not, because it would be lost.
    if (frame.isPaginated || (reload && !frame.isNew)) return this.#loadAgain(token);
    if (frame.isLoaded) return this.#setToken(token);
    frame.pending = token;
    frame.whenLoaded = () => {
      const { pending, options } = frame;
      frame.pending = frame.whenLoaded = undefined;
      if (pending) this.#setToken(pending).catch((cause: unknown) => options.listener.failed(toDynabindError(cause), false));
    };
  }

  async #loadAgain(token: string): Promise<void> {
    const frame = this.#frame;
    const { embed } = frame;
    const { clock, signal } = frame.options;
    frame.pending = frame.whenLoaded = undefined;
    frame.setTokens(token);
    frame.isLoaded = false;
    try {
      await sleep(clock, loadWindow(frame.sentAt), signal);
      frame.waitForAnswer();
      // Other reports wait for this one, so the wait has a limit.
      await within(frame.isNew ? embed.create() : embed.reload(), signal, { clock, milliseconds: LONGEST_ANSWER });
    } catch (cause) {
      if (!signal.aborted) throw cause;
    }
  }

  async #setToken(token: string): Promise<void> {
    const { embed, options } = this.#frame;
    const { clock, powerbi, element, signal } = options;
    const late = () => new DynabindError('token-refused', { detail: 'The report did not answer.' });
    const answer = embed.setAccessToken(token).finally(() => forgetToken(powerbi, element));
    try {
      await within(answer, signal, { clock, milliseconds: LONGEST_ANSWER, late });
      this.#frame.setTokens(token);
    } catch (cause) {
      this.#frame.token = undefined;
      if (signal.aborted) return;
      throw cause instanceof DynabindError ? cause : withDetail(new DynabindError('token-refused', { cause }));
    }
  }
}

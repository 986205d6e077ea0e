import type { Api, Granted } from './api.js';
import type { Clock } from './clock.js';
import { unique, type Binding, type TokenAnswer } from './contract.js';
import type { Deadlines } from './deadlines.js';
import { type DynabindError, isRefusal, isSignInFault, mayBeOneOfMany, toDynabindError } from './errors.js';

export interface Token {
  token: string;
  tokenId?: string | undefined;
  deadlines: Deadlines;
}

/** An embedded report that lives on a shared token. */
export interface Member {
  readonly binding: Binding;
  lease: Lease | undefined;
  /** `late`: the token before it had run out by now, so that the report has to load again. */
  renewed(token: Token, late: boolean): Promise<void>;
  /** No new token yet; it is tried again. */
  failed(error: DynabindError): void;
  /** There will be no new token for this binding: what it shows is no longer the caller's to see. */
  refused(error: DynabindError): void;
}

/** Whom a renewal did not reach, and why. */
export type Failures = ReadonlyMap<Member, DynabindError>;

/** Where leases are kept while anything lives on them. */
export interface Keeper {
  open(token: Token): Lease;
  keep(lease: Lease): void;
  drop(lease: Lease): void;
}

const FIRST_PAUSE = 5_000;
const LONGEST_PAUSE = 60_000;

/** One token and all reports that live on it: one call renews it for all. */
export class Lease {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #keeper: Keeper;
  readonly #members = new Set<Member>();
  readonly #stop = new AbortController();
  #token: Token;
  #dueAt: number;
  #failures = 0;
  #lostContact = false;
  #renewal: Promise<Failures> | undefined;

  constructor(api: Api, clock: Clock, keeper: Keeper, token: Token) {
    this.#api = api;
    this.#clock = clock;
    this.#keeper = keeper;
    this.#token = token;
    this.#dueAt = token.deadlines.refreshAt;
  }

  get token(): Token {
    return this.#token;
  }

  get isExpired(): boolean {
    return this.#clock.now() >= this.#token.deadlines.expiresAt;
  }

  /** When to renew next; nothing to wait for while that is being done. */
  get dueAt(): number {
    return this.#renewal ? Infinity : this.#dueAt;
  }

  /** `woken`: the page was looked at or came back online, so a pause after a lost connection is over. */
  isDue(woken: boolean): boolean {
    return this.#clock.now() >= this.dueAt || (woken && this.#lostContact && !this.#renewal);
  }

  join(member: Member): void {
    this.#members.add(member);
    member.lease = this;
    this.#keeper.keep(this);
  }

  leave(member: Member): void {
    this.#members.delete(member);
    member.lease = undefined;
    if (this.#members.size > 0) return;
    this.#keeper.drop(this);
    this.#stop.abort();
  }

  /** Asks for a new token, unless one is on its way already, and hands it to every member. Never rejects. */
  renew(): Promise<Failures> {
    this.#renewal ??= this.#renewNow().finally(() => {
      this.#renewal = undefined;
      if (this.#members.size > 0) this.#keeper.keep(this);
    });
    return this.#renewal;
  }

  async #renewNow(): Promise<Failures> {
    const bindings = unique([...this.#members].map((member) => member.binding));
    if (bindings.length === 0) return new Map();
    try {
      return await this.#handOut(await this.#api.token(bindings, this.#stop.signal));
    } catch (cause) {
      const error = toDynabindError(cause);
      if (this.#stop.signal.aborted) return new Map();
      if (bindings.length > 1 && mayBeOneOfMany(error)) return this.#split(bindings);
      return this.#notYet(error);
    }
  }

  async #handOut(answer: Granted<TokenAnswer>): Promise<Failures> {
    const late = this.isExpired;
    this.#token = { token: answer.token, tokenId: answer.tokenId, deadlines: answer.deadlines };
    this.#dueAt = answer.deadlines.refreshAt;
    this.#failures = 0;
    this.#lostContact = false;
    const failures = new Map<Member, DynabindError>();
    await Promise.all(
      [...this.#members].map((member) =>
        member.renewed(this.#token, late).catch((cause) => failures.set(member, toDynabindError(cause))),
      ),
    );
    return failures;
  }

  #notYet(error: DynabindError): Failures {
    const members = [...this.#members];
    const failures = new Map(members.map((member) => [member, error]));
    if (isRefusal(error)) {
      members.forEach((member) => member.refused(error));
      return failures;
    }
    const pause = Math.max(FIRST_PAUSE * 2 ** this.#failures, (error.retryAfterSeconds ?? 0) * 1000);
    this.#dueAt = this.#clock.now() + Math.min(isSignInFault(error) ? LONGEST_PAUSE : pause, LONGEST_PAUSE);
    this.#failures += 1;
    this.#lostContact = error.code === 'network-failed';
    if (isSignInFault(error) || this.isExpired) members.forEach((member) => member.failed(error));
    return failures;
  }

  /** The members go on in two halves, each on a lease of its own, until the one that is refused stands alone. */
  async #split(bindings: readonly Binding[]): Promise<Failures> {
    const first = bindings.slice(0, Math.ceil(bindings.length / 2));
    const halves = [this.#keeper.open(this.#token), this.#keeper.open(this.#token)] as const;
    for (const member of [...this.#members]) {
      const isFirst = unique([...first, member.binding]).length === first.length;
      this.#members.delete(member);
      halves[isFirst ? 0 : 1].join(member);
    }
    this.#keeper.drop(this);
    const failures = await Promise.all(halves.map((half) => half.renew()));
    return new Map(failures.flatMap((failed) => [...failed]));
  }
}

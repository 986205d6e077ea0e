import type { Api, Token } from './api.js';
import type { ConfigBatcher } from './batch.js';
import type { Clock } from './clock.js';
import { isLostContact, isRefusal, isSignInError } from './errorKinds.js';
import { type DynabindError, toDynabindError } from './errors.js';
import { renewedToken } from './retries.js';
import { SharedToken, type Failures, type Member } from './sharedToken.js';
import { sendTogether } from './sharing.js';
import { onWake } from './wake.js';

/** A sleeping computer stops timers, so no timer runs longer than this. */
const HEARTBEAT = 30_000;
/** The shortest time between two renewals of a token, regardless of its lifetime. */
const GAP = 30_000;
const MOST_STRIKES = 4;
/** Tokens that are due within this time are renewed together. */
const TOGETHER = 600_000;
const FIRST_PAUSE = 5_000;
const LONGEST_PAUSE = 60_000;
/** For this long after `online`, a failed renewal is tried again soon. */
const RECONNECTION = 15_000;

const gap = (strikes: number): number => GAP * 2 ** Math.min(strikes, MOST_STRIKES);

/** All tokens in use on a page. Each is renewed when it is due, or after a sleep when the page notices that it is due. */
export class Renewals {
  readonly #api: Api;
  readonly #apart: Set<string>;
  readonly #clock: Clock;
  readonly #tokens = new Set<SharedToken>();
  #onlineAt = -Infinity;
  #timer: unknown;
  #stopListening: (() => void) | undefined;

  constructor(api: Api, { apart }: ConfigBatcher) {
    this.#api = api;
    this.#apart = apart;
    this.#clock = api.options.clock;
  }

  /** Adds a report with the token of its config. Other reports may share this token. */
  add(member: Member, value: Token): void {
    this.join(member, [...this.#tokens].find((token) => token.value === value) ?? this.#open(value, 0, 0));
  }

  #open(value: Token, strikes: number, generation: number): SharedToken {
    return new SharedToken(this, value, gap(strikes), strikes, generation);
  }

  isExpired({ value }: SharedToken): boolean {
    return this.#clock.now() >= value.expiresAt;
  }

  join(member: Member, token: SharedToken): void {
    this.leave(member);
    token.members.add(member);
    member.token = token;
    this.#tokens.add(token);
    this.#stopListening ??= onWake((isOnline) => this.#wake(isOnline));
    this.#plan();
  }

  leave(member: Member): void {
    const { token } = member;
    member.token = undefined;
    token?.members.delete(member);
    if (!token || token.members.size > 0) return;
    this.#tokens.delete(token);
    token.abandon?.();
    if (this.#tokens.size === 0) {
      this.#stopListening?.();
      this.#stopListening = undefined;
    }
    this.#plan();
  }

  /** Renews one token now, or joins its renewal if one is running. Never rejects. */
  renew(token: SharedToken): Promise<Failures> {
    return token.renewal ?? this.#renew([token]);
  }

  /** Called when Power BI reports that the token has expired. `undefined`: the token is new, so another one would not help. */
  recover(token: SharedToken): Promise<Failures> | undefined {
    const now = this.#clock.now();
    if (token.renewal) return token.renewal;
    const earliest = token.value.since + gap(token.strikes);
    if (token.generation === 0 || now >= earliest) return this.#renew([token]);
    token.dueAt = Math.min(token.dueAt, earliest);
    this.#plan();
    return undefined;
  }

  #renew(tokens: SharedToken[]): Promise<Failures> {
    const failures = new Map<Member, DynabindError>();
    const { signal } = this.#abandonable(tokens);
    const members = tokens.flatMap((token) => [...token.members]);
    const sent = sendTogether(this.#apart, members, {
      request: async (bindings, group) => {
        const old = group.find(({ token }) => token)?.token;
        if (!old) return;
        const force = group.some((member) => member.isExpired);
        const value = await renewedToken(this.#api, old.value, bindings, force, signal);
        await this.#handOut(value, group, failures);
      },
      refuse: (group, error) => signal.aborted || this.#notYet(group, error, failures),
    });
    const renewal = sent.then(() => {
      for (const token of tokens) token.renewal = token.abandon = undefined;
      this.#plan();
      return failures;
    });
    for (const token of tokens) token.renewal = renewal;
    return renewal;
  }

  #abandonable(tokens: SharedToken[]): AbortController {
    const controller = new AbortController();
    const abandon = () => tokens.every(({ members }) => members.size === 0) && controller.abort();
    for (const token of tokens) token.abandon = abandon;
    return controller;
  }

  async #handOut(value: Token, group: Member[], failures: Map<Member, DynabindError>): Promise<void> {
    const members = group.filter(({ token }) => token);
    const old = members.map(({ token }) => token as SharedToken);
    const isOfNoUse =
      members.some(({ isExpired }) => isExpired) ||
      old.some(({ isRefused }) => isRefused) ||
      value.expiresAt - this.#clock.now() < 2 * GAP;
    const strikes = isOfNoUse ? Math.max(0, ...old.map((token) => token.strikes)) + 1 : 0;
    const next = this.#open(value, strikes, 1 + Math.max(0, ...old.map(({ generation }) => generation)));
    for (const member of members) this.join(member, next);
    const renewed = members.map((member) =>
      member.renewed(value).catch((cause: unknown) => {
        failures.set(member, toDynabindError(cause));
        next.isRefused = true;
        next.dueAt = Math.min(next.dueAt, value.since + gap(strikes));
      }),
    );
    await Promise.all(renewed);
  }

  #notYet(group: Member[], error: DynabindError, failures: Map<Member, DynabindError>): void {
    for (const member of group) failures.set(member, error);
    if (isRefusal(error)) return group.forEach((member) => member.refused(error));
    const now = this.#clock.now();
    // The attempt may have begun offline, so its failure says nothing about the new connection.
    const isReconnecting = now - this.#onlineAt < RECONNECTION;
    const isSignIn = isSignInError(error);
    const asked = (error.retryAfterSeconds ?? 0) * 1000;
    for (const token of new Set(group.map((member) => member.token))) {
      if (!token) continue;
      const pause = isSignIn ? LONGEST_PAUSE : Math.max(FIRST_PAUSE * 2 ** token.attempts++, asked);
      token.failedAt = now;
      token.lostContact = isLostContact(error);
      token.dueAt = now + Math.min(pause, isReconnecting ? FIRST_PAUSE : LONGEST_PAUSE);
      if (isReconnecting || !(isSignIn || this.isExpired(token))) continue;
      for (const member of token.members) member.failed(error);
    }
  }

  #plan(): void {
    this.#clock.clearTimeout(this.#timer);
    if (this.#tokens.size === 0) return;
    const times = [...this.#tokens].map(({ renewal, dueAt }) => (renewal ? Infinity : dueAt));
    const wait = Math.min(Math.max(Math.min(...times) - this.#clock.now(), 0), HEARTBEAT);
    this.#timer = this.#clock.setTimeout(() => this.#check(), wait);
  }

  /** Called when the page is visible or online again. Renewals that lost the connection are repeated earlier than planned. */
  #wake(isOnline: boolean): void {
    const now = this.#clock.now();
    if (isOnline) this.#onlineAt = now;
    for (const token of this.#tokens) {
      if (token.lostContact) token.dueAt = isOnline ? now : Math.min(token.dueAt, token.failedAt + FIRST_PAUSE);
    }
    this.#check();
  }

  #check(): void {
    const now = this.#clock.now();
    const idle = [...this.#tokens].filter(({ renewal }) => !renewal);
    const isDue = ({ dueAt }: SharedToken, ahead = 0) => dueAt <= now + ahead;
    const together = (token: SharedToken) => isDue(token, token.attempts === 0 ? TOGETHER : 0);
    if (idle.some((token) => isDue(token))) void this.#renew(idle.filter(together));
    this.#plan();
  }
}

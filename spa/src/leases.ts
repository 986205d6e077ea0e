import type { Api } from './api.js';
import type { Clock } from './clock.js';
import { Lease, type Keeper, type Token } from './lease.js';
import { onWake } from './wake.js';

/** A sleeping computer stops timers but not time: never trust one timer for longer than this. */
const HEARTBEAT = 30_000;

/** All live tokens of a page; renews each when it is due, however late the page notices. */
export class Leases implements Keeper {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #leases = new Set<Lease>();
  #timer: unknown;
  #stopListening: (() => void) | undefined;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  open(token: Token): Lease {
    return new Lease(this.#api, this.#clock, this, token);
  }

  keep(lease: Lease): void {
    this.#leases.add(lease);
    this.#stopListening ??= onWake(() => this.#check(true));
    this.#plan();
  }

  drop(lease: Lease): void {
    this.#leases.delete(lease);
    if (this.#leases.size === 0) {
      this.#stopListening?.();
      this.#stopListening = undefined;
    }
    this.#plan();
  }

  #plan(): void {
    this.#clock.clearTimeout(this.#timer);
    if (this.#leases.size === 0) return;
    const soonest = Math.min(...[...this.#leases].map((lease) => lease.dueAt)) - this.#clock.now();
    this.#timer = this.#clock.setTimeout(() => this.#check(false), Math.min(Math.max(soonest, 0), HEARTBEAT));
  }

  #check(woken: boolean): void {
    for (const lease of [...this.#leases]) if (lease.isDue(woken)) void lease.renew();
    this.#plan();
  }
}

import type { Token } from './api.js';
import type { Binding } from './contract.js';
import type { DynabindError } from './errors.js';
import type { Renewals } from './renewals.js';

/** An embedded report that uses a shared token. */
export interface Member {
  readonly binding: Binding;
  token: SharedToken | undefined;
  /** Power BI said that the report's token has expired, and the report has not been loaded again. */
  readonly isExpired: boolean;
  /** Has joined a renewed token. */
  renewed(token: Token): Promise<void>;
  /** No new token yet; there will be another attempt. */
  failed(error: DynabindError): void;
  /** There will be no new token for this binding: the caller may no longer see it. */
  refused(error: DynabindError): void;
}

/** Whom a renewal did not reach, and why. */
export type Failures = ReadonlyMap<Member, DynabindError>;

/** One token, and all reports that use it. A renewal moves them to another one. */
export class SharedToken {
  readonly members = new Set<Member>();
  readonly keeper: Renewals;
  readonly value: Token;
  /** How many tokens in a row were of no use: a reason to wait longer. */
  readonly strikes: number;
  /** 0 for the token of an embed config, 1 and up for renewed ones. */
  readonly generation: number;
  dueAt: number;
  /** Failed renewals in a row. */
  attempts = 0;
  failedAt = 0;
  lostContact = false;
  /** A report did not accept it. */
  isRefused = false;
  renewal: Promise<Failures> | undefined;
  /** Ends the request of a renewal that nobody needs any more. */
  abandon: (() => void) | undefined;

  constructor(keeper: Renewals, value: Token, pause: number, strikes: number, generation: number) {
    this.keeper = keeper;
    this.value = value;
    this.strikes = strikes;
    this.generation = generation;
    this.dueAt = Math.max(value.refreshAt, value.since + pause);
  }
}

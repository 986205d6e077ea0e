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
  /** The report has moved to a renewed token. */
  renewed(token: Token): Promise<void>;
  /** The renewal failed and will be tried again. */
  failed(error: DynabindError): void;
  /** There will be no new token for this binding: the caller may no longer see it. */
  refused(error: DynabindError): void;
}

/** The reports that a renewal did not reach, each with the reason. */
export type Failures = ReadonlyMap<Member, DynabindError>;

/** One token, and all reports that use it. A renewal moves them to another one. */
export class SharedToken {
  readonly members = new Set<Member>();
  readonly renewals: Renewals;
  readonly value: Token;
  /** Unusable tokens in a row; each makes the wait before the next renewal longer. */
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
  /** Cancels a renewal that no report needs any more. */
  abandon: (() => void) | undefined;

  constructor(renewals: Renewals, value: Token, pause: number, strikes: number, generation: number) {
    this.renewals = renewals;
    this.value = value;
    this.strikes = strikes;
    this.generation = generation;
    this.dueAt = Math.max(value.refreshAt, value.since + pause);
  }
}

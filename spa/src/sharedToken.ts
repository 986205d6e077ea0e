import type { Token } from './api.js';
import type { Binding } from './contract.js';
import type { DynabindError } from './errors.js';
import type { Renewals } from './renewals.js';

/** An embedded report that uses a shared token. */
export interface Member {
  readonly binding: Binding;
  token: SharedToken | undefined;
  /** Whether Power BI said that the report's token has expired, and the report has not been loaded again since. */
  readonly isExpired: boolean;
  /** Called when the report has moved to a renewed token. */
  renewed(token: Token): Promise<void>;
  /** Called when the renewal failed. It will be repeated. */
  failed(error: DynabindError): void;
  /** Called when the binding gets no new token, because the caller may no longer see it. */
  refused(error: DynabindError): void;
}

/** The reports that a renewal did not reach, each with the reason. */
export type Failures = ReadonlyMap<Member, DynabindError>;

/** One token, and all reports that use it. A renewal moves the reports to another token. */
export class SharedToken {
  readonly members = new Set<Member>();
  readonly renewals: Renewals;
  readonly value: Token;
  /** The number of unusable tokens in a row. Each makes the wait before the next renewal longer. */
  readonly strikes: number;
  /** 0 for the token of an embed config; 1 or more for renewed tokens. */
  readonly generation: number;
  dueAt: number;
  /** Failed renewals in a row. */
  attempts = 0;
  failedAt = 0;
  lostContact = false;
  /** Whether a report did not accept the token. */
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

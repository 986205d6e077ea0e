/** Limits in milliseconds. */
export interface Timeouts {
  /** For one call of `getAccessToken` or `getPowerBiToken`. */
  signIn: number;
  /** For `onInteractionRequired`, which waits for the user. */
  interaction: number;
  /** From a request to the headers of its answer. */
  request: number;
  /** From the headers of an answer to its end. */
  body: number;
  /** From embedding to `loaded`. */
  load: number;
}

/** The service itself gives up after 20 s. */
export const TIMEOUTS: Timeouts = { signIn: 60_000, interaction: 300_000, request: 25_000, body: 10_000, load: 60_000 };

/** When to renew a token and when it ends, on the page's clock. */
export interface Deadlines {
  /** When the answer arrived. */
  since: number;
  refreshAt: number;
  expiresAt: number;
}

/** The times for an answer without usable times. */
const UNKNOWN_SECONDS = 300;

const secondsOf = (value: unknown, otherwise: number): number =>
  typeof value === 'number' && value >= 0 ? value : otherwise;

/**
 * Times are counted from the arrival of the answer, so that no clock has to be correct.
 *
 * Embed tokens that were made with one access token expire at the same moment, on thousands of pages. So each page renews
 * at a random moment in the first half of the time between `refreshAfter` and the expiration.
 */
export function deadlines(
  answer: { lifetimeSeconds?: unknown; refreshAfterSeconds?: unknown },
  now: number,
  random: () => number = Math.random,
): Deadlines {
  const refresh = secondsOf(answer.refreshAfterSeconds, UNKNOWN_SECONDS);
  const life = Math.max(secondsOf(answer.lifetimeSeconds, 2 * refresh), refresh);
  return { since: now, refreshAt: now + (refresh + (random() * (life - refresh)) / 2) * 1000, expiresAt: now + life * 1000 };
}

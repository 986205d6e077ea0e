interface Dated {
  expiration: string;
  refreshAfter: string;
}

/** When to renew a token and when it ends, in this page's own time. */
export interface Deadlines {
  refreshAt: number;
  expiresAt: number;
}

const SHORTEST_WAIT = 1_000;

/**
 * The page's clock may be wrong by hours, the service's is not. Where the answer's `Date` can be read, times are shifted
 * by the difference. Where it cannot (a cross-origin page without `Access-Control-Expose-Headers: Date`), the distance
 * from `refreshAfter` to `expiration` still is right: a token just handed out has at least that much life before
 * `refreshAfter`, less what it spent in the service's cache.
 *
 * All embed tokens that were made with one access token end at one instant, thousands of pages' among them. Each page
 * therefore asks again at a moment of its own, somewhere in the first half of the time that is left after `refreshAfter`.
 */
export function deadlines(
  answer: Dated,
  date: string | null,
  receivedAt: number,
  random: () => number = Math.random,
): Deadlines {
  const expiration = Date.parse(answer.expiration);
  const refreshAfter = Date.parse(answer.refreshAfter);
  const margin = expiration - refreshAfter;
  if (Number.isNaN(margin)) return { refreshAt: receivedAt + 60_000, expiresAt: receivedAt + 120_000 };
  const serverTime = date === null ? NaN : Date.parse(date);
  const least = Number.isNaN(serverTime) ? margin / 2 : 0;
  const ahead = Number.isNaN(serverTime) ? 0 : receivedAt - serverTime;
  const earliest = Math.max(refreshAfter + ahead, receivedAt + Math.max(least, SHORTEST_WAIT));
  const expiresAt = Math.max(expiration + ahead, earliest);
  return { refreshAt: earliest + (random() * (expiresAt - earliest)) / 2, expiresAt };
}

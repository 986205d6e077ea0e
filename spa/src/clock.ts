import { aborted } from './errors.js';

/** Time as an input, so that tests control it. */
export interface Clock {
  /** Milliseconds since any origin. The value never decreases. */
  now(): number;
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Smaller differences between the two clocks are corrections of the wall clock, and not a sleep. */
const SLEEP = 5_000;

/**
 * The monotonic clock, plus the time during which the computer slept. Browsers may stop the monotonic clock during a sleep;
 * only the wall clock shows how long it was. Setting the wall clock back has no effect.
 */
export function systemClock(): Clock {
  let wall = Date.now();
  let monotonic = performance.now();
  let slept = 0;
  return {
    now() {
      const [wallNow, now] = [Date.now(), performance.now()];
      const ahead = wallNow - wall - (now - monotonic);
      if (ahead > SLEEP) slept += ahead;
      [wall, monotonic] = [wallNow, now];
      return now + slept;
    },
    setTimeout: (callback, milliseconds) => globalThis.setTimeout(callback, milliseconds),
    clearTimeout: (timer) => globalThis.clearTimeout(timer as ReturnType<typeof globalThis.setTimeout>),
  };
}

export interface Limit {
  clock: Clock;
  milliseconds: number;
  /** The error when the time is up. Without it, the promise then resolves. */
  late?: () => Error;
}

/** Settles with `promise`, or as soon as the signal aborts or the time is up. A later result is ignored. */
export function within<T>(promise: Promise<T>, signal: AbortSignal, limit?: Limit): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => end(() => reject(aborted()));
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', stop);
      limit?.clock.clearTimeout(timer);
      settle();
    };
    const timeUp = () => end(() => (limit?.late ? reject(limit.late()) : resolve(undefined as T)));
    const timer = limit?.clock.setTimeout(timeUp, limit.milliseconds);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    promise.then(
      (value) => end(() => resolve(value)),
      (cause: unknown) => end(() => reject(cause)),
    );
  });
}

/** Waits, unless the signal ends the wait first. */
export const sleep = (clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> =>
  within(new Promise<void>(() => undefined), signal, { clock, milliseconds });

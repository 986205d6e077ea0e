import type { Clock } from '@dynabind/client';

/** The page's time, which can jump ahead as it does for a computer that slept. */
export class JumpingClock implements Clock {
  #ahead = 0;

  now(): number {
    return Date.now() + this.#ahead;
  }

  setTimeout(callback: () => void, milliseconds: number): unknown {
    return setTimeout(callback, milliseconds);
  }

  clearTimeout(timer: unknown): void {
    clearTimeout(timer as ReturnType<typeof setTimeout>);
  }

  sleepFor(milliseconds: number): void {
    this.#ahead += milliseconds;
    window.dispatchEvent(new Event('focus'));
  }
}

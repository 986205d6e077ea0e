import type { Clock } from '@dynabind/client';

/** The page's time. It can jump ahead, as after a sleep of the computer. */
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

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock, within } from '../../src/clock.js';

beforeEach(() => void vi.useFakeTimers({ now: new Date('2026-11-24T03:00:00Z') }));
afterEach(() => void vi.useRealTimers());

const HOUR = 3_600_000;

describe('the system clock', () => {
  it('follows the monotonic clock', () => {
    const clock = systemClock();
    const start = clock.now();
    vi.advanceTimersByTime(1500);
    expect(clock.now() - start).toBe(1500);
  });

  it('neither goes back nor stops when the wall clock is set back', () => {
    const clock = systemClock();
    const start = clock.now();
    vi.setSystemTime(Date.now() - 5 * HOUR);
    expect(clock.now() - start).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(clock.now() - start).toBe(1000);
  });

  it('counts a sleep during which the monotonic clock stopped', () => {
    const clock = systemClock();
    const start = clock.now();
    vi.setSystemTime(Date.now() + HOUR);
    expect(clock.now() - start).toBe(HOUR);
    vi.advanceTimersByTime(1000);
    expect(clock.now() - start).toBe(HOUR + 1000);
  });

  it('ignores small corrections of the wall clock', () => {
    const clock = systemClock();
    const start = clock.now();
    vi.setSystemTime(Date.now() + 900);
    expect(clock.now() - start).toBe(0);
  });
});

describe('within', () => {
  it('leaves no timer behind, however it ends', async () => {
    const never = new Promise<void>(() => undefined);
    const limit = () => ({ clock: systemClock(), milliseconds: 1000, late: () => new Error('late') });
    const controller = new AbortController();
    const gone = expect(within(never, controller.signal, limit())).rejects.toMatchObject({ code: 'aborted' });
    controller.abort();
    await gone;
    await expect(within(never, controller.signal, limit())).rejects.toMatchObject({ code: 'aborted' });
    await expect(within(Promise.resolve(1), new AbortController().signal, limit())).resolves.toBe(1);
    expect(vi.getTimerCount()).toBe(0);
    const late = expect(within(never, new AbortController().signal, limit())).rejects.toThrow('late');
    await vi.advanceTimersByTimeAsync(1000);
    await late;
  });
});

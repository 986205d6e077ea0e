import type { Timings } from './handle.js';

/** Adds the times of an embed to the browser's performance timeline, which its developer tools show. */
export function recordTimings({ binding, startedAt, ...times }: Timings): void {
  for (const point of ['config', 'loaded', 'rendered'] as const) {
    const milliseconds = times[`${point}Ms`];
    if (milliseconds === undefined) continue;
    const name = `dynabind:${binding.report ?? ''}:${point}`;
    performance.measure(name, { start: startedAt, end: startedAt + milliseconds, detail: { ...binding } });
  }
}

import type { Timings } from './handle.js';

/** Enters the times of an embed into the browser's performance timeline, where its developer tools show them. */
export function recordTimings({ binding, startedAt, ...times }: Timings): void {
  for (const point of ['config', 'loaded', 'rendered'] as const) {
    const milliseconds = times[`${point}Ms`];
    if (milliseconds === undefined) continue;
    const name = `dynabind:${binding.report ?? ''}:${point}`;
    performance.measure(name, { start: startedAt, end: startedAt + milliseconds, detail: { ...binding } });
  }
}

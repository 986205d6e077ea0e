import { describe, expect, it } from 'vitest';
import { deadlines } from '../../src/deadlines.js';

const MINUTE = 60_000;
const NOW = 1_000;
const minutes = (at: number) => (at - NOW) / MINUTE;

describe('deadlines', () => {
  it('count from the arrival of the answer', () => {
    const { refreshAt, expiresAt } = deadlines({ lifetimeSeconds: 3600, refreshAfterSeconds: 3000 }, NOW);
    expect([minutes(refreshAt), minutes(expiresAt)]).toEqual([50, 60]);
  });

  it.each([
    [0, 50],
    [0.5, 52.5],
    [0.999, 54.995],
  ])('spread renewals over half of the time that is left after refreshAfter: %d makes it %d min', (chance, expected) => {
    const answer = { lifetimeSeconds: 3600, refreshAfterSeconds: 3000 };
    expect(minutes(deadlines(answer, NOW, () => chance).refreshAt)).toBeCloseTo(expected);
  });

  it.each([[{}], [{ lifetimeSeconds: 'long', refreshAfterSeconds: -1 }], [{ lifetimeSeconds: NaN }]])(
    'of an answer without usable times (%o) are five and ten minutes',
    (answer) => {
      const { refreshAt, expiresAt } = deadlines(answer, NOW);
      expect([minutes(refreshAt), minutes(expiresAt)]).toEqual([5, 10]);
    },
  );

  it('never put the end before the renewal', () => {
    const { refreshAt, expiresAt } = deadlines({ lifetimeSeconds: 10, refreshAfterSeconds: 20 }, NOW);
    expect(expiresAt).toBeGreaterThanOrEqual(refreshAt);
  });
});

import { describe, expect, it } from 'vitest';
import { deadlines } from '../../src/deadlines.js';

const MINUTE = 60_000;
const now = Date.parse('2026-11-24T03:00:00Z');
const iso = (minutes: number) => new Date(now + minutes * MINUTE).toISOString();
const minutes = (at: number) => (at - now) / MINUTE;

describe('deadlines', () => {
  it.each([
    // page's clock ahead by, life left, refresh in, seen Date
    [0, 60, 50, true],
    [300, 60, 50, true],
    [-300, 60, 50, true],
    [0, 60, 50, false],
    [0, 4, 2, false],
  ])('with a clock %i min ahead and %i min of life: renewed in %i min', (ahead, life, refresh, seesDate) => {
    const answer = { expiration: iso(life - ahead), refreshAfter: iso(refresh - ahead) };
    const date = seesDate ? new Date(now - ahead * MINUTE).toUTCString() : null;
    const { refreshAt, expiresAt } = deadlines(answer, date, now);
    expect([minutes(refreshAt), minutes(expiresAt)]).toEqual([refresh, life]);
  });

  it('does not take a token as expired that was just handed out', () => {
    const { refreshAt, expiresAt } = deadlines({ expiration: iso(-30), refreshAfter: iso(-40) }, null, now);
    expect(minutes(refreshAt)).toBe(5);
    expect(expiresAt).toBeGreaterThanOrEqual(refreshAt);
  });

  it.each([
    [0, 50],
    [0.5, 52.5],
    [0.999, 54.995],
  ])('spreads renewals over half of what is left after refreshAfter: %d makes it %d min', (chance, expected) => {
    const answer = { expiration: iso(60), refreshAfter: iso(50) };
    expect(minutes(deadlines(answer, null, now, () => chance).refreshAt)).toBeCloseTo(expected);
  });

  it('makes do with times that are none', () => {
    expect(minutes(deadlines({ expiration: 'soon', refreshAfter: '' }, null, now).refreshAt)).toBe(1);
  });
});

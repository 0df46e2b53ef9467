import { describe, expect, it } from '@jest/globals';
import { assert, double, nat, property } from 'fast-check';
import { isGivenUp, nextCheckAt } from '../../../lib/inbox/check-schedule.js';

const MINUTE = 60_000;
const schedule = { afterMs: 10 * MINUTE, maxIntervalMs: 60 * MINUTE, untilMs: 600 * MINUTE };
const without = (jitter: number) => () => jitter;

describe('the schedule of look-ups', () => {
  it('begins after afterMs and doubles each wait, up to maxIntervalMs', () => {
    const waits = [0, 1, 2, 3, 4].map((lookups) =>
      nextCheckAt({ createdAt: 0, lookups, now: 0 }, schedule, without(0)),
    );

    expect(waits.map((wait) => wait / MINUTE)).toEqual([10, 20, 40, 60, 60]);
  });

  it('counts the first wait from the start of the job, whoever asks and when', () => {
    expect(nextCheckAt({ createdAt: 5, lookups: 0, now: 4_000 }, schedule, without(0))).toBe(5 + 10 * MINUTE);
  });

  it('counts the others from the look-up', () => {
    expect(nextCheckAt({ createdAt: 5, lookups: 1, now: 4_000 }, schedule, without(0))).toBe(4_000 + 20 * MINUTE);
  });

  it('is at most a fifth late by jitter, never early, and in whole milliseconds', () => {
    assert(
      property(nat(20), double({ min: 0, max: 0.999, noNaN: true }), (lookups, jitter) => {
        const [plain, late] = [0, jitter].map((one) =>
          nextCheckAt({ createdAt: 0, lookups, now: 0 }, schedule, without(one)),
        ) as [number, number];

        expect(Number.isSafeInteger(late)).toBe(true);
        expect(late).toBeGreaterThanOrEqual(plain);
        expect(late).toBeLessThanOrEqual(plain * 1.2);
      }),
    );
  });

  it('ends at untilMs, when the outcome is given up', () => {
    const now = 599 * MINUTE;

    expect(nextCheckAt({ createdAt: 0, lookups: 9, now }, schedule)).toBe(schedule.untilMs);
    expect(isGivenUp(0, now, schedule)).toBe(false);
    expect(isGivenUp(0, schedule.untilMs, schedule)).toBe(true);
  });

  it('has nothing but its end when reconciling is off: 72 hours', () => {
    const end = 72 * 60 * MINUTE;

    expect(nextCheckAt({ createdAt: 0, lookups: 0, now: 0 }, false)).toBe(end);
    expect([isGivenUp(0, end - 1, false), isGivenUp(0, end, false)]).toEqual([false, true]);
  });
});

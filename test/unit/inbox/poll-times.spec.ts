import { describe, expect, it } from '@jest/globals';
import { assert, double, nat, property } from 'fast-check';
import { isGivenUp, nextPollAt, type PolledJob } from '../../../lib/inbox/poll-times.js';
import type { ReconcileSchedule } from '../../../lib/config/poll-schedule.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const schedule = { afterMs: 10 * MINUTE, maxIntervalMs: 60 * MINUTE, untilMs: 600 * MINUTE };
const defaults = { untilMs: 72 * HOUR };
const job: PolledJob = { kind: 'batch', createdAt: 0 };
const without = (jitter: number) => () => jitter;

/** Ages at which a job that runs for `forMs` is polled. */
function pollsOf(polled: Partial<PolledJob>, reconcile: ReconcileSchedule, forMs: number): number[] {
  const ages: number[] = [];
  for (let now = 0; now < forMs;) {
    now = nextPollAt({ ...job, ...polled }, { polls: ages.length, now }, reconcile, without(0));
    ages.push(now);
  }
  return ages;
}

describe('the schedule of polls', () => {
  it('begins after afterMs and doubles each interval, up to maxIntervalMs, for every kind', () => {
    for (const kind of ['batch', 'video', 'interaction'] as const) {
      const waits = [0, 1, 2, 3, 4].map((polls) =>
        nextPollAt({ ...job, kind }, { polls, now: 0 }, schedule, without(0)),
      );

      expect(waits.map((wait) => wait / MINUTE)).toEqual([10, 20, 40, 60, 60]);
    }
  });

  it.each(['batch', 'interaction'] as const)('of a %s begins after 10 minutes and doubles, up to 6 hours', (kind) => {
    const ages = pollsOf({ kind }, defaults, 24 * HOUR).map((age) => age / MINUTE);

    expect(ages).toEqual([10, 30, 70, 150, 310, 630, 990, 1350, 1710]);
  });

  it('of a video begins after 10 s, then comes whenever the job is 1.15 times as old', () => {
    const ages = pollsOf({ kind: 'video' }, defaults, 100 * SECOND);

    expect(ages.slice(0, 3)).toEqual([10_000, 11_500, 13_225]);
    for (const [index, age] of ages.slice(1).entries()) expect(age / ages[index]!).toBeCloseTo(1.15, 3);
    expect(ages).toHaveLength(18);
  });

  it('of a video polls at most every 6 hours', () => {
    const [before, last] = pollsOf({ kind: 'video' }, defaults, 60 * HOUR).slice(-2) as [number, number];

    expect(last - before).toBeLessThanOrEqual(6 * HOUR);
  });

  it.each(['batch', 'video', 'interaction'] as const)(
    'of a %s without a webhook is that of a video, at least every 5 minutes',
    (kind) => {
      const ages = pollsOf({ kind, webhook: false }, defaults, 2 * HOUR);

      expect(ages.slice(0, 3)).toEqual([10_000, 11_500, 13_225]);
      expect(ages.at(-1)! - ages.at(-2)!).toBe(5 * MINUTE);
    },
  );

  it('caps the intervals of every kind when only maxIntervalMs is given', () => {
    const capped = { ...defaults, maxIntervalMs: 20 * SECOND };

    expect(pollsOf({ kind: 'video' }, capped, 10 * MINUTE).slice(0, 2)).toEqual([10_000, 11_500]);
    expect(pollsOf({ kind: 'batch' }, capped, MINUTE)).toEqual([20_000, 40_000, 60_000]);
  });

  it('counts the first interval from the start of the job, whenever it is computed', () => {
    expect(nextPollAt({ ...job, createdAt: 5 }, { polls: 0, now: 4_000 }, schedule, without(0))).toBe(5 + 10 * MINUTE);
  });

  it('counts later intervals from the last poll', () => {
    const polled = nextPollAt({ ...job, createdAt: 5 }, { polls: 1, now: 4_000 }, schedule, without(0));

    expect(polled).toBe(4_000 + 20 * MINUTE);
  });

  it('of a video depends on its age', () => {
    const video = { kind: 'video', createdAt: 1_000 * SECOND } as const;

    expect(nextPollAt(video, { polls: 1, now: 1_010 * SECOND }, defaults, without(0))).toBe(1_011_500);
  });

  it.each([
    ['a fifth', { kind: 'batch' as const }, 0.2],
    ['a twentieth, for a video', { kind: 'video' as const }, 0.05],
  ])('is at most %s late by jitter, never early, and in whole milliseconds', (_, polled, share) => {
    assert(
      property(nat(20), double({ min: 0, max: 0.999, noNaN: true }), (polls, jitter) => {
        const now = polls * MINUTE;
        const at = (random: number) => nextPollAt({ ...job, ...polled }, { polls, now }, defaults, without(random));
        const [plain, late] = [at(0), at(jitter)];
        const from = polls === 0 ? 0 : now;

        expect(Number.isInteger(late)).toBe(true);
        expect(late).toBeGreaterThanOrEqual(plain);
        expect(late - from).toBeLessThanOrEqual(Math.ceil((plain - from) * (1 + share)) + 1);
      }),
    );
  });

  it('ends with a poll at the time when the outcome counts as unknown', () => {
    const now = schedule.untilMs - MINUTE;

    expect(nextPollAt(job, { polls: 9, now }, schedule)).toBe(schedule.untilMs);
    expect(isGivenUp(0, now, schedule)).toBe(false);
    expect(isGivenUp(0, schedule.untilMs, schedule)).toBe(true);
  });

  it('polls nothing with reconcile false, and gives up after 72 hours', () => {
    const end = 72 * HOUR;

    expect(nextPollAt(job, { polls: 0, now: 0 }, false)).toBe(end);
    expect([isGivenUp(0, end - 1, false), isGivenUp(0, end, false)]).toEqual([false, true]);
  });
});

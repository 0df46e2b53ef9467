import type { GeminiResourceKind } from '../events/event-catalogue.js';
import type { ReconcileSchedule } from '../config/poll-schedule.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Max wait for a job that is not polled: batches run for 48 hours at most. */
const MAX_WAIT_MS = 72 * HOUR_MS;

/** When to poll jobs of one kind. */
interface PollIntervals {
  readonly afterMs: number;
  readonly maxIntervalMs: number;
  /** Max random delay of a poll, as a share of its interval, so that not all jobs are polled at the same moment. */
  readonly jitter: number;
  /** Returns the next interval, by the job's age at this poll and the number of earlier polls. */
  next(ageMs: number, polls: number): number;
}

/** For batches and interactions: they take minutes to a day, and their webhooks are reliable. */
const SLOW: PollIntervals = doubling(10 * MINUTE_MS, 6 * HOUR_MS);

/**
 * For videos: a clip takes 10 to 100 s, and by 2026-07 no webhook of a video job had been seen to arrive
 * (google-gemini/cookbook#1297), so polling must find the end soon.
 */
const FAST: PollIntervals = {
  afterMs: 10 * SECOND_MS,
  maxIntervalMs: 6 * HOUR_MS,
  jitter: 0.05,
  next: (age) => 0.15 * age,
};

/** For jobs without a webhook: only polling finds their end. */
const WITHOUT_WEBHOOK: PollIntervals = { ...FAST, maxIntervalMs: 5 * MINUTE_MS };

/** Facts that the schedule depends on. */
export interface PolledJob {
  readonly kind: GeminiResourceKind;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** `false` for a job that was started without a webhook. */
  readonly webhook?: boolean | undefined;
}

/**
 * Returns the time of the next poll of a job that no event has ended, Unix milliseconds. Videos: after 10 s, then each time
 * the job is 1.15 times as old. Others: after 10 minutes, then after twice as long each time, at most 6 hours. Jobs without a
 * webhook: as videos, at least every 5 minutes. `reconcile.afterMs` and `maxIntervalMs` replace these for every kind.
 *
 * @param polls number of polls so far that found the job running
 */
export function nextPollAt(
  job: PolledJob,
  { polls, now }: { readonly polls: number; readonly now: number },
  reconcile: ReconcileSchedule | false,
  random: () => number = Math.random,
): number {
  const until = giveUpAt(job.createdAt, reconcile);
  if (!reconcile) return until;
  const { afterMs, maxIntervalMs, jitter, next } = intervalsOf(job, reconcile);
  const plain = polls === 0 ? afterMs : next(now - job.createdAt, polls);
  const interval = Math.min(plain, maxIntervalMs);
  const jittered = Math.ceil(interval * (1 + jitter * random()));
  return Math.min((polls === 0 ? job.createdAt : now) + jittered, until);
}

/** True once the outcome of the job counts as unknown. */
export function isGivenUp(createdAt: number, now: number, reconcile: ReconcileSchedule | false): boolean {
  return now >= giveUpAt(createdAt, reconcile);
}

/** Returns the time from which the outcome of a job counts as unknown, Unix milliseconds. */
export function giveUpAt(createdAt: number, reconcile: ReconcileSchedule | false): number {
  return createdAt + (reconcile ? reconcile.untilMs : MAX_WAIT_MS);
}

function intervalsOf({ kind, webhook }: PolledJob, { afterMs, maxIntervalMs }: ReconcileSchedule): PollIntervals {
  const own = webhook === false ? WITHOUT_WEBHOOK : kind === 'video' ? FAST : SLOW;
  const intervals = afterMs === undefined ? own : doubling(afterMs, SLOW.maxIntervalMs);
  return maxIntervalMs === undefined ? intervals : { ...intervals, maxIntervalMs };
}

function doubling(afterMs: number, maxIntervalMs: number): PollIntervals {
  return { afterMs, maxIntervalMs, jitter: 0.2, next: (_age, polls) => afterMs * 2 ** polls };
}

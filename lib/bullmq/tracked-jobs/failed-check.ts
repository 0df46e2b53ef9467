import type { StoredTrackedJob } from './tracked-job.js';

const FIRST_DELAY_MS = 5_000;
const MAX_DELAY_MS = 300_000;
/** Share of a delay that is random, so that the jobs of an outage are not all checked at the same moment. */
const JITTER = 0.5;

/** A short failure of the store must not give up a job whose end it holds. */
const MIN_FAILURES_TO_GIVE_UP = 5;

/**
 * Returns the delay before a failed check is tried again, in milliseconds.
 *
 * @param failures number of checks in a row that have failed
 */
export function failedCheckDelayMs(failures: number): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), MAX_DELAY_MS);
  return Math.round(longest * (1 - JITTER * Math.random()));
}

/** True if a job that is past its time counts as lost although its last checks have failed. */
export function canGiveUp(failures: number): boolean {
  return failures >= MIN_FAILURES_TO_GIVE_UP;
}

/**
 * Makes BullMQ try the job again if the store fails while it is moved or completed. BullMQ counts attempts over the whole
 * life of a job, which has hundreds of checks, so those that the job was stored with must not end it.
 *
 * @param failures number of earlier checks in a row that have failed
 */
export function keepAttempt(stored: StoredTrackedJob, failures: number): void {
  const { attemptsMade, opts } = stored;
  const delay = failedCheckDelayMs(failures + attemptsMade + 1);
  stored.opts = { ...opts, attempts: attemptsMade + 2, backoff: { type: 'fixed', delay } };
}

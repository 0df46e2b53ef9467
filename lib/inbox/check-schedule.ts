import type { ReconcileSchedule } from '../reconcile-schedule.js';

/** For how long a job is waited for when nothing is looked up, in milliseconds: batches run for 48 hours at most. */
const PATIENCE_MS = 72 * 3_600_000;
const JITTER = 0.2;

/**
 * When a job that no event has ended is due, Unix milliseconds: for its first look-up after `afterMs`, then after twice
 * as long each time, at most `maxIntervalMs`. Jittered, so that jobs of one moment are not looked up in one moment.
 */
export function nextCheckAt(
  { createdAt, lookups, now }: { readonly createdAt: number; readonly lookups: number; readonly now: number },
  reconcile: ReconcileSchedule | false,
  random: () => number = Math.random,
): number {
  const until = giveUpAt(createdAt, reconcile);
  if (!reconcile) return until;
  const interval = Math.min(reconcile.afterMs * 2 ** lookups, reconcile.maxIntervalMs);
  const jittered = Math.round(interval * (1 + JITTER * random()));
  return Math.min((lookups === 0 ? createdAt : now) + jittered, until);
}

/** Whether nobody will know any more how the job ended. */
export function isGivenUp(createdAt: number, now: number, reconcile: ReconcileSchedule | false): boolean {
  return now >= giveUpAt(createdAt, reconcile);
}

/** When the outcome of a job counts as unknown, Unix milliseconds. */
export function giveUpAt(createdAt: number, reconcile: ReconcileSchedule | false): number {
  return createdAt + (reconcile ? reconcile.untilMs : PATIENCE_MS);
}

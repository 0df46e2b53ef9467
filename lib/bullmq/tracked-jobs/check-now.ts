import { setTimeout as wait } from 'node:timers/promises';
import type { StoredTrackedJob } from './tracked-job.js';

/** BullMQ's codes for a job that does not exist and for one that is not delayed. */
const MISSING = -1;
const NOT_DELAYED = -3;
const TIMEOUT_MS = 2_000;
const POLL_MS = 50;

/**
 * Makes a delayed tracked job due now. A check that is already running may have searched for the event before it arrived,
 * so this waits for that check to end. Uses `changeDelay` because `promote` on PostgreSQL requeues a running job.
 *
 * @throws Error if a running check does not end in time: the caller must retry
 */
export async function checkNow(job: Pick<StoredTrackedJob, 'id' | 'changeDelay' | 'getState'>): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!(await tryCheckNow(job))) {
    if (Date.now() > deadline) throw new Error(`The tracked job ${job.id} is still being checked.`);
    await wait(POLL_MS);
  }
}

/** Returns true if the job will be checked soon or has already finished. */
async function tryCheckNow(job: Pick<StoredTrackedJob, 'changeDelay' | 'getState'>): Promise<boolean> {
  try {
    await job.changeDelay(0);
    return true;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === MISSING) return true;
    if (code !== NOT_DELAYED) throw error;
  }
  const state = await job.getState();
  return state !== 'active' && state !== 'delayed';
}

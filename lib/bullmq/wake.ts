import { setTimeout as wait } from 'node:timers/promises';
import type { StoredTrackedJob } from './tracked-job.js';

/** BullMQ's codes for a job that is gone, and for one that is not delayed. */
const MISSING = -1;
const NOT_DELAYED = -3;
const PATIENCE_MS = 2_000;
const POLL_MS = 50;

/**
 * Has a delayed job checked now. One that is being checked may have looked for its event before that came: it is waited
 * for. By `changeDelay`, since on PostgreSQL `promote` puts a running job back to the waiting ones.
 *
 * @throws Error when a check takes longer than this waits: to be tried again
 */
export async function wake(job: Pick<StoredTrackedJob, 'id' | 'changeDelay' | 'getState'>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isAwake(job))) {
    if (Date.now() > deadline) throw new Error(`The tracked job ${job.id} is still being looked up.`);
    await wait(POLL_MS);
  }
}

/** Whether its next check is at hand, or it needs none any more. */
async function isAwake(job: Pick<StoredTrackedJob, 'changeDelay' | 'getState'>): Promise<boolean> {
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

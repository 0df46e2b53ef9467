import { LRUCache } from 'lru-cache';
import { setTimeout as wait } from 'node:timers/promises';
import type { DeliveryJob } from './inbox-store.js';
import { loadBullmq } from './optional-peers.js';

const DELAY_MS = 500;
const HOLD_MS = 100;
const REMEMBERED_JOBS = 10_000;

/**
 * Leaves a job to another worker, at no cost of an attempt. It resolves with what the processor then has to throw.
 *
 * A delayed job on an idle Redis comes back to who delayed it, for ever: that worker alone was told when it is due. A
 * waiting one goes to the worker that has been idle for longest, so a job that comes back is put there, twice.
 */
export async function handover(): Promise<(job: DeliveryJob, token: string | undefined) => Promise<Error>> {
  const { DelayedError, WaitingError } = await loadBullmq();
  const earlier = new LRUCache<string, number>({ max: REMEMBERED_JOBS });

  return async (job, token) => {
    const id = job.id ?? '';
    const count = earlier.get(id) ?? 0;
    earlier.set(id, count + 1);
    if (count % 3 === 0) {
      await job.moveToDelayed(Date.now() + DELAY_MS + Math.round(Math.random() * DELAY_MS), token);
      return new DelayedError();
    }
    // By then this worker waits for its next job, behind the others.
    await wait(HOLD_MS);
    await job.moveToWait(token);
    return new WaitingError();
  };
}

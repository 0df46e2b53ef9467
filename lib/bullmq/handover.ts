import { LRUCache } from 'lru-cache';
import { setTimeout as wait } from 'node:timers/promises';
import type { DeliveryJob, HandoverWay } from './inbox-store.js';
import { loadBullmq } from './optional-peers.js';

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 800;
const REMEMBERED_JOBS = 10_000;

/**
 * Leaves a job to another worker, at no cost of an attempt. It resolves with what the processor then has to throw.
 *
 * A job that is put back may come back to who is busy, one that is delayed to who delayed it: so it is left in either way
 * by turns. The delays grow, since whom it waits for may be slow, and free the place for other jobs.
 */
export async function handover({
  putBackFirst,
  holdMs,
}: HandoverWay): Promise<(job: DeliveryJob, token: string | undefined) => Promise<Error>> {
  const { DelayedError, WaitingError } = await loadBullmq();
  const earlier = new LRUCache<string, number>({ max: REMEMBERED_JOBS });

  return async (job, token) => {
    const id = job.id ?? '';
    const count = earlier.get(id) ?? 0;
    earlier.set(id, count + 1);
    const turn = count - putBackFirst;
    if (turn >= 0 && turn % 3 === 0) {
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (turn / 3), LONGEST_DELAY_MS);
      await job.moveToDelayed(Date.now() + Math.round(delayMs * (1 + Math.random())), token);
      return new DelayedError();
    }
    await wait(holdMs);
    await job.moveToWait(token);
    // Its place would take the job again before one that waits has heard of it.
    await wait(holdMs);
    return new WaitingError();
  };
}

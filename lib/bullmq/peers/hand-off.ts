import { LRUCache } from 'lru-cache';
import { setTimeout as wait } from 'node:timers/promises';
import type { DeliveryJob, HandOffPolicy } from '../store/inbox-store.js';
import { loadBullmq } from '../store/optional-peers.js';

const MIN_DELAY_MS = 50;
const MAX_DELAY_MS = 800;
const MAX_REMEMBERED_JOBS = 10_000;

/**
 * Returns a function that hands off a delivery job to another worker without using up an attempt. The function resolves
 * with the error that the processor must throw.
 *
 * A requeued job may return to a busy worker, a delayed one to the worker that delayed it, so the two alternate. The delays
 * grow because the other worker may be slow, and they free the slot for other jobs.
 */
export async function handOffWith({
  requeuesBeforeDelay,
  requeueDelayMs,
}: HandOffPolicy): Promise<(job: DeliveryJob, token: string | undefined) => Promise<Error>> {
  const { DelayedError, WaitingError } = await loadBullmq();
  const earlier = new LRUCache<string, number>({ max: MAX_REMEMBERED_JOBS });

  return async (job, token) => {
    const id = job.id ?? '';
    const count = earlier.get(id) ?? 0;
    earlier.set(id, count + 1);
    const round = count - requeuesBeforeDelay;
    if (round >= 0 && round % 3 === 0) {
      const delayMs = Math.min(MIN_DELAY_MS * 2 ** (round / 3), MAX_DELAY_MS);
      await job.moveToDelayed(Date.now() + Math.round(delayMs * (1 + Math.random())), token);
      return new DelayedError();
    }
    await wait(requeueDelayMs);
    await job.moveToWait(token);
    // Otherwise this worker's free slot would fetch the job again before a waiting worker is notified.
    await wait(requeueDelayMs);
    return new WaitingError();
  };
}

import { describe, expect, it } from '@jest/globals';
import { postponeForWorker } from '../../../../lib/bullmq/deliveries/wait-for-worker.js';
import type { DeliveryJob } from '../../../../lib/bullmq/store/inbox-store.js';

describe('an event that waits for a worker', () => {
  it.each([
    [0, 250],
    [2_000, 500],
    [39_000, 9_750],
    [90_000, 10_000],
  ])('after %i ms is postponed by %i ms, without using up an attempt', async (ageMs, delayMs) => {
    const delays: unknown[][] = [];
    const job = { moveToDelayed: async (...given: unknown[]) => delays.push(given) } as unknown as DeliveryJob;

    expect(await postponeForWorker(job, 'token', { ageMs, now: 1_000 })).toMatchObject({ name: 'DelayedError' });
    expect(delays).toEqual([[1_000 + delayMs, 'token']]);
  });
});

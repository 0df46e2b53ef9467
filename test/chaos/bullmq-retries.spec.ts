import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Job } from 'bullmq';
import { closeApps } from '../support/apps.js';
import {
  closeWorkers,
  deliverUntilTaken,
  handlerOf,
  removeTestQueues,
  startDurableApp,
  startWorker,
  testQueue,
} from '../support/durable.js';
import { drained } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { times } from './support/counts.js';

const EVENTS = Array.from({ length: times(100, 1_000) }, (_, index) => `batch_${index}`);
const AT_ONCE = 32;
/** So long that no retry is due until the test makes it due. */
const LATER = { type: 'fixed', delay: 3_600_000 } as const;

jest.setTimeout(120_000);

afterEach(async () => {
  await closeApps();
  await closeWorkers();
  await removeTestQueues();
});

/** Counts a handler's calls for each event and calls `first` on the first one. */
function counting(name: string, first: () => void = () => undefined) {
  const runs = new Map<string, number>();
  const provider = handlerOf(name, ({ data }) => {
    const { id } = data as { id: string };
    const count = (runs.get(id) ?? 0) + 1;
    runs.set(id, count);
    if (count === 1) first();
  });
  return { runs, provider, allRan: (count: number) => EVENTS.every((id) => runs.get(id) === count) };
}

describe.each(STORES)(`${EVENTS.length} retries that are due at the same moment on $name`, ({ url }) => {
  it('succeed without extra handler runs', async () => {
    const queue = testQueue(url);
    const steady = counting('steady');
    const flaky = counting('flaky', () => {
      throw new Error('not yet');
    });
    const handlers = [steady.provider, flaky.provider];
    const { origin } = await startDurableApp(queue, handlers, { backoff: LATER });
    await startWorker(queue, handlers, { backoff: LATER });
    for (let start = 0; start < EVENTS.length; start += AT_ONCE) {
      await Promise.all(EVENTS.slice(start, start + AT_ONCE).map((id) => deliverUntilTaken(origin, { id })));
    }
    await until(async () => (await queue.queue.getJobCounts('delayed'))['delayed'] === EVENTS.length);

    const delayed = (await queue.queue.getJobs(['delayed'])) as Job[];
    const dueAt = Date.now() + 3_000;
    await Promise.all(delayed.map((job) => job.changeDelay(Math.max(0, dueAt - Date.now()))));
    await drained(queue.queue);

    expect([steady.allRan(1), flaky.allRan(2)]).toEqual([true, true]);
    expect(await queue.queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: EVENTS.length });
  });
});

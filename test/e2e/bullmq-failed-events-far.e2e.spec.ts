import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Queue } from 'bullmq';
import { deliveryJobId, deliveryJobName, toDeliveryJobData } from '../../lib/bullmq/store/delivery-job.js';
import { GeminiFailedEvents, UnrecoverableEventError } from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import { deliveryOf } from '../support/deliveries.js';
import {
  closeWorkers,
  handlerOf,
  removeTestQueues,
  startDurableApp,
  startWorker,
  testQueue,
} from '../support/durable.js';
import { FarStore } from '../support/far-store.js';
import { drained, type InspectedQueue } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const EVENTS = 400;

jest.setTimeout(30_000);

describe.each(STORES)('GeminiFailedEvents far from $name, at a round trip of 200 ms', ({ url }) => {
  let far: FarStore;
  let queue: InspectedQueue;
  let failed: GeminiFailedEvents;
  let repaired: boolean;

  beforeEach(async () => {
    repaired = false;
    far = new FarStore(url, { roundTripMs: 200 });
    const near = testQueue(url);
    queue = near.queue;
    const handler = handlerOf('broken', () => {
      if (!repaired) throw new UnrecoverableEventError('not yet');
    });
    await startWorker(near, [handler]);
    await (queue as Queue).addBulk(
      Array.from({ length: EVENTS }, (_one, event) => {
        const delivery = deliveryOf({
          id: `batch_${event}`,
          type: event % 4 === 0 ? 'batch.failed' : 'batch.succeeded',
        });
        return {
          name: deliveryJobName(delivery),
          data: toDeliveryJobData(delivery),
          opts: { jobId: deliveryJobId(delivery.key) },
        };
      }),
    );
    const { app } = await startDurableApp({ ...near, url: await far.start() }, [], { workers: false });
    failed = app.get(GeminiFailedEvents);
    await drained(queue);
    // Resolves after connecting, which takes many round trips.
    await until(() =>
      failed.list({ limit: 0 }).then(
        () => true,
        () => false,
      ),
    );
  });

  afterEach(async () => {
    await closeApps();
    await closeWorkers();
    far.stop();
    await removeTestQueues();
  });

  it('lists them in pages and by type, and replays them', async () => {
    const all = await failed.list({ limit: EVENTS });
    const ids = all.map(({ id }) => id);

    expect(new Set(ids).size).toBe(EVENTS);
    expect((await failed.list({ offset: 150, limit: 200 })).map(({ id }) => id)).toEqual(ids.slice(150, 350));
    const failures = await failed.list({ type: 'batch.failed', limit: EVENTS });
    expect(failures.map(({ id }) => id)).toEqual(all.filter(({ type }) => type === 'batch.failed').map(({ id }) => id));
    expect(await failed.get(ids[0]!)).toEqual(all[0]);

    repaired = true;

    expect(await failed.replayAll({ type: 'batch.failed' })).toBe(EVENTS / 4);
    expect(await failed.replayAll()).toBe((EVENTS / 4) * 3);
    await drained(queue);
    expect(await queue.getJobCounts('completed', 'failed')).toEqual({ completed: EVENTS, failed: 0 });
  });
});

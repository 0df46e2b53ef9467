import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import type { DeliveryJobData } from '../../lib/bullmq/store/delivery-job.js';
import type { DeliveryQueue, InboxStore } from '../../lib/bullmq/store/inbox-store.js';
import { postgresStore } from '../../lib/bullmq/store/postgres/postgres-store.js';
import { redisStore } from '../../lib/bullmq/store/redis/redis-store.js';
import { drained, openQueue, type InspectedQueue } from '../support/queues.js';
import { STORES } from '../support/stores.js';

const HOUR_MS = 3_600_000;

jest.setTimeout(60_000);

/** Covers direct access to BullMQ's tables and keys: fails if a version of BullMQ changes them. */
describe.each(STORES)("the counts of BullMQ's jobs on $name", ({ name: storeName, url }) => {
  let store: InboxStore;
  let queue: DeliveryQueue;
  let client: InspectedQueue;
  let queueName: string;
  const now = Date.now();

  const add = (id: string, ageMs: number, delay = 0) =>
    client.add('batch.succeeded', {}, { jobId: id, timestamp: now - ageMs, delay });

  beforeEach(async () => {
    queueName = `stats-${randomUUID()}`;
    store =
      storeName === 'Redis'
        ? await redisStore(
            { kind: 'redis', url },
            { prefix: undefined, telemetry: undefined },
            { onError: () => undefined, onReady: () => undefined },
          )
        : await postgresStore(
            { kind: 'postgres', url },
            { schema: 'bullmq', migrate: false, workers: true, telemetry: undefined },
          );
    queue = store.queue<DeliveryJobData, void>(queueName);
    client = openQueue(url, queueName);
    await queue.waitUntilReady();
  });

  afterEach(async () => {
    await (client as Queue).obliterate({ force: true });
    await client.close();
    await queue.close();
    await store.close();
  });

  it('are 0 for an empty queue', async () => {
    const none = { waiting: 0, active: 0, delayed: 0, failed: 0, oldestAddedAt: undefined };

    expect(await store.stats(queue)).toEqual(none);
  });

  it('are those of each state, and the oldest unfinished job may be in any of them', async () => {
    const worker = store.worker<unknown, void>(queueName, async () => Promise.reject(new Error('not handled')), {
      concurrency: 1,
    });
    await add('one failed', 9 * HOUR_MS);
    await drained(client);
    await worker.close();
    await add('one waiting', HOUR_MS);
    await add('one waiting too', 2 * HOUR_MS);
    expect(await store.stats(queue)).toEqual({
      waiting: 2,
      active: 0,
      delayed: 0,
      failed: 1,
      oldestAddedAt: now - 2 * HOUR_MS,
    });

    await add('one delayed', 3 * HOUR_MS, 24 * HOUR_MS);
    expect(await store.stats(queue)).toMatchObject({ waiting: 2, delayed: 1, oldestAddedAt: now - 3 * HOUR_MS });
  });

  it('have the events of a paused queue as waiting', async () => {
    await add('one waiting', HOUR_MS);
    await (client as Queue).pause();

    expect(await store.stats(queue)).toMatchObject({ waiting: 1, oldestAddedAt: now - HOUR_MS });
  });

  it('find the oldest of many waiting jobs, whether it arrived first or joined last as a retry', async () => {
    const jobs = Array.from({ length: 2_400 }, (_, index) => ({
      name: 'batch.succeeded',
      data: {},
      opts: { jobId: `one of many ${index}`, timestamp: now - HOUR_MS + index },
    }));
    await (client as Queue).addBulk(jobs);
    expect(await store.stats(queue)).toMatchObject({ waiting: 2_400, oldestAddedAt: now - HOUR_MS });

    await add('one retried', 2 * HOUR_MS);
    expect(await store.stats(queue)).toMatchObject({ waiting: 2_401, oldestAddedAt: now - 2 * HOUR_MS });
  });
});

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import type { FailedJobs } from '../../lib/bullmq/store/failed-jobs.js';
import type { InboxStore, StoreWorker } from '../../lib/bullmq/store/inbox-store.js';
import { postgresStore } from '../../lib/bullmq/store/postgres/postgres-store.js';
import { redisStore } from '../../lib/bullmq/store/redis/redis-store.js';
import { drained, openQueue, type InspectedQueue } from '../support/queues.js';
import { STORES } from '../support/stores.js';

jest.setTimeout(30_000);

/** Covers direct access to BullMQ's tables and keys: fails if a version of BullMQ changes them. */
describe.each(STORES)("BullMQ's failed set on $name", ({ name: storeName, url }) => {
  let store: InboxStore;
  let queue: InspectedQueue;
  let failedJobs: FailedJobs;
  let worker: StoreWorker<unknown, void>;
  let repaired: boolean;

  const fail = async (...jobs: { id: string; name?: string; data?: object }[]) => {
    for (const { id, name = 'batch.succeeded', data = {} } of jobs) {
      await queue.add(name, data, { jobId: id });
      await drained(queue);
    }
  };
  const retry = (id: string, progress: object) => failedJobs.retry([{ id, progress }]);

  beforeEach(async () => {
    const queueName = `failed-${randomUUID()}`;
    repaired = false;
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
    queue = openQueue(url, queueName);
    failedJobs = store.failedJobs(queueName);
    worker = store.worker<unknown, void>(
      queueName,
      async () => {
        if (!repaired) throw new Error('not yet');
      },
      { concurrency: 2 },
    );
    await failedJobs.waitUntilReady();
    await worker.waitUntilReady();
  });

  afterEach(async () => {
    await worker.close();
    await failedJobs.close();
    await (queue as Queue).obliterate({ force: true });
    await queue.close();
    await store.close();
  });

  it('reads the same as BullMQ, in the requested order', async () => {
    await fail({ id: 'a', data: { v: 1, text: 'ä' } }, { id: 'b' });

    expect(await failedJobs.ids({})).toEqual(['b', 'a']);
    expect(await failedJobs.ids({}, 1, 1)).toEqual(['a']);
    const jobs = await failedJobs.read(['a', 'unheard-of', 'b']);
    expect(jobs.map(({ id }) => id)).toEqual(['a', 'b']);
    const { name, data, progress, attemptsMade, failedReason, finishedOn, timestamp } = (await queue.getJob('a'))!;
    expect(jobs[0]).toMatchObject({ name, data, progress, attemptsMade, failedReason, finishedOn, timestamp });
    const states = await failedJobs.readStates(['a', 'unheard-of', 'b']);
    expect(states).toEqual(
      jobs.map((job) => ({ id: job.id, progress: job.progress, finishedOn: job.finishedOn, timestamp: job.timestamp })),
    );
  });

  it('omits no job that matches the filter', async () => {
    await fail({ id: 'a' }, { id: 'b', name: 'batch.failed' }, { id: 'c', name: 'renamed', data: { decided: '{}' } });
    const [c, b, a] = await failedJobs.read(['c', 'b', 'a']);

    expect(await failedJobs.ids({ name: 'batch.failed' })).toEqual(expect.arrayContaining(['c', 'b']));
    const named = { name: 'batch.failed' };
    expect(await failedJobs.narrow(await failedJobs.ids(named), named)).toEqual(['c', 'b']);
    expect(await failedJobs.ids({ before: c!.finishedOn! })).toEqual(expect.arrayContaining(['b', 'a']));
    expect(await failedJobs.ids({ after: a!.finishedOn! })).toEqual(expect.arrayContaining(['c', 'b']));
    expect(await failedJobs.ids({ before: b!.finishedOn! + 1, after: a!.finishedOn! })).toContain('b');
  });

  it('requeues a job with its new progress and all its attempts', async () => {
    await fail({ id: 'a' }, { id: 'b' });

    expect(await retry('a', { announced: true })).toEqual(new Set(['a']));
    await drained(queue);

    expect(await queue.getJob('a')).toMatchObject({
      progress: { announced: true },
      attemptsMade: 1,
      attemptsStarted: 1,
    });
    expect(await queue.getJob('b')).toMatchObject({ progress: 0 });
  });

  it('does not change a job that another process has requeued meanwhile', async () => {
    await fail({ id: 'a' }, { id: 'b' });
    repaired = true;
    await retry('a', { handlers: { steady: 'succeeded' } });
    await drained(queue);

    const retried = await failedJobs.retry(['a', 'b', 'unheard-of'].map((id) => ({ id, progress: {} })));
    await drained(queue);

    expect(retried).toEqual(new Set(['b']));
    expect(await queue.getJob('a')).toMatchObject({ progress: { handlers: { steady: 'succeeded' } } });
    expect(await failedJobs.read(['a', 'b'])).toEqual([]);
  });
});

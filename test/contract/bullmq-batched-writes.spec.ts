import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JobJson, Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { InboxStore, StoreQueue } from '../../lib/bullmq/store/inbox-store.js';
import { postgresStore } from '../../lib/bullmq/store/postgres/postgres-store.js';
import { openQueue, type InspectedQueue } from '../support/queues.js';
import { STORES } from '../support/stores.js';

jest.setTimeout(30_000);

const OPTIONS = { attempts: 3, backoff: { type: 'fixed', delay: 50 }, removeOnComplete: { age: 60 } };

/** Covers the calls of BullMQ's functions `add_job` and `change_delay`: fails if a version of BullMQ changes them. */
describe.each(STORES.filter(({ name }) => name === 'PostgreSQL'))('jobs of the same moment on $name', ({ url }) => {
  let store: InboxStore;
  let queue: StoreQueue<object, void>;
  let inspected: InspectedQueue;
  let queueName: string;
  const add = (jobId: string, data: object = { of: jobId }, delay?: number) =>
    queue.add('batch.succeeded', data, { ...OPTIONS, jobId, ...(delay !== undefined && { delay }) });

  beforeEach(async () => {
    queueName = `adds-${randomUUID()}`;
    store = await postgresStore(
      { kind: 'postgres', url },
      { schema: 'bullmq', migrate: false, workers: true, telemetry: undefined },
    );
    queue = store.queue(queueName);
    await queue.waitUntilReady();
    inspected = openQueue(url, queueName);
  });

  afterEach(async () => {
    await (inspected as Queue).obliterate({ force: true });
    await inspected.close();
    await queue.close();
    await store.close();
  });

  it('are stored exactly as jobs that are added alone', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `e${index}`);
    const [alone, ...shared] = await Promise.all(ids.map((id) => add(id)));
    expect(shared.map(({ id }) => id)).toEqual(ids.slice(1));

    const [first, ...others] = await Promise.all(ids.map(async (id) => (await inspected.getJob(id))!.asJSON()));
    expect(alone!.id).toBe('e0');
    for (const other of others) expect(asFirst(other)).toEqual(asFirst(first!));
    expect(others.map(({ data }) => JSON.parse(data) as unknown)).toEqual(ids.slice(1).map((id) => ({ of: id })));
    expect(await inspected.getJobCounts('waiting')).toEqual({ waiting: 100 });
  });

  it('are stored once each, with the data of one of them, and are delayed as they ask', async () => {
    const copies = Array.from({ length: 60 }, (_, index) => add(`e${index % 3}`, { copy: index }));
    const delayed = ['d1', 'd2'].map((id) => add(id, {}, 60_000));
    expect((await Promise.all([...copies, ...delayed])).map(({ id }) => id)).toHaveLength(62);

    expect(await inspected.getJobCounts('waiting', 'delayed')).toEqual({ waiting: 3, delayed: 2 });
  });

  it('become due together, and those that are not delayed refuse with the error of BullMQ', async () => {
    const delayed = ['d1', 'd2', 'd3', 'd4', 'd5'];
    const jobs = await Promise.all([...delayed.map((id) => add(id, {}, 60_000)), add('waiting')]);
    const changed = await Promise.allSettled([...jobs, jobs[0]!].map((job) => job.changeDelay(0)));

    expect(changed.map(({ status }) => status)).toEqual([...delayed.map(() => 'fulfilled'), 'rejected', 'fulfilled']);
    expect(changed[5]).toMatchObject({ reason: { code: -3 } });
    const delays = await Promise.all(delayed.map(async (id) => (await inspected.getJob(id))!.delay));
    expect(delays).toEqual([0, 0, 0, 0, 0]);
  });

  it('do not keep each other from being stored', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) => add(`e${index}`, index === 20 ? { bad: '\0' } : { good: index })),
    );

    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([20]);
    expect(await inspected.getJobCounts('waiting')).toEqual({ waiting: 39 });
  });

  it('are stored while one of them waits for the lock of another transaction, which alone fails', async () => {
    const blocking = new Client({ connectionString: url });
    await blocking.connect();
    await blocking.query('BEGIN');
    const job = "'e20', 'batch.succeeded', '{}', '{}', 0, 0, 1, 1, NULL, NULL, NULL, NULL, NULL, false";
    await blocking.query(`SELECT bullmq.add_job($1, ${job})`, [queueName]);
    const results = await Promise.allSettled(Array.from({ length: 40 }, (_, index) => add(`e${index}`)));
    await blocking.query('ROLLBACK');
    await blocking.end();

    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([20]);
    expect(await inspected.getJobCounts('waiting')).toEqual({ waiting: 39 });
  });
});

/** The job without what differs between jobs. */
function asFirst({ opts, ...job }: JobJson): object {
  return { ...job, opts: { ...opts, jobId: 'e0' }, id: 'e0', data: '', timestamp: 0 };
}

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { drained, openQueue, type InspectedQueue } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { AppProcess, killAppProcesses, type AppConfig } from './support/app-process.js';
import { Journal } from './support/journal.js';
import { Load, timed } from './support/load.js';

const DRAIN_TIMEOUT_MS = 3_000;
/** Code that ends the process after its handlers have completed. */
const A_LITTLE_MS = 3_000;

jest.setTimeout(60_000);

describe.each(STORES)('SIGTERM under load, on $name', ({ url }) => {
  let journal: Journal;
  let queue: InspectedQueue;
  let config: AppConfig;

  beforeEach(() => {
    journal = new Journal();
    const queueName = `terminated-${randomUUID()}`;
    queue = openQueue(url, queueName);
    const inbox = { url, queueName, lockDurationMs: 1_000, drainTimeoutMs: DRAIN_TIMEOUT_MS };
    config = { journal, inbox: { ...inbox, backoff: { type: 'fixed', delay: 50 } }, handlerMs: 100 };
  });

  afterEach(async () => {
    await killAppProcesses();
    await queue.close();
    journal.remove();
  });

  it('lets running handlers finish, loses no event, and ends the process in time', async () => {
    const app = await AppProcess.start(config);
    await until(async () => (await timed(app.origin, 'batch_0')).status === 202);
    const load = new Load(app.origin);
    await load.more(200, 202);
    await until(() => journal.cutIn(app.pid) > 10);

    const { afterMs } = await app.end('SIGTERM');
    await load.stop();
    expect(afterMs).toBeLessThan(DRAIN_TIMEOUT_MS + A_LITTLE_MS);
    expect(journal.cutIn(app.pid)).toBe(0);
    expect(load.answers.filter(({ status }) => ![202, 503, 0].includes(status))).toEqual([]);

    await AppProcess.start({ ...config, handlerMs: 0 });
    await drained(queue);
    const all = ['batch_0', ...load.acknowledged];
    const steady = journal.counts('done', 'steady');
    const flaky = journal.counts('done', 'flaky');
    expect(all.filter((id) => steady.get(id) !== 1 || flaky.get(id) !== 1)).toEqual([]);
    expect(await queue.getJobCounts('failed')).toEqual({ failed: 0 });
    expect(journal.uncaught()).toEqual([]);
  });

  it('does not wait for handlers that never finish, which run again in another process', async () => {
    const app = await AppProcess.start({
      ...config,
      handlerMs: 3_600_000,
      inbox: { ...config.inbox, drainTimeoutMs: 500 },
    });
    await until(async () => (await timed(app.origin, 'batch_1')).status === 202);
    await until(() => journal.cutIn(app.pid) === 2);

    const { afterMs } = await app.end('SIGTERM');
    expect(afterMs).toBeLessThan(500 + A_LITTLE_MS);

    await AppProcess.start({ ...config, handlerMs: 0 });
    await until(
      () => journal.counts('done', 'flaky').has('batch_1') && journal.counts('done', 'steady').has('batch_1'),
    );
    await drained(queue);
    expect(await queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: 1 });
  });
});

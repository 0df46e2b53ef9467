import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { drained, openQueue, type InspectedQueue } from '../support/queues.js';
import { deliver } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { AppProcess, killAppProcesses, type AppConfig } from './support/app-process.js';
import { times } from './support/counts.js';
import { Journal } from './support/journal.js';

const KILLS = times(3, 8);

jest.setTimeout(180_000);

describe.each(STORES)('a worker process killed by SIGKILL, on $name', ({ url }) => {
  let journal: Journal;
  let queue: InspectedQueue;
  let worker: Omit<AppConfig, 'handlerMs'>;
  let web: AppProcess;

  beforeEach(async () => {
    journal = new Journal();
    const queueName = `killed-event-${randomUUID()}`;
    queue = openQueue(url, queueName);
    const inbox = { url, queueName, lockDurationMs: 500, backoff: { type: 'fixed', delay: 50 }, attempts: 10 };
    worker = { journal, receives: false, inbox };
    web = await AppProcess.start({ journal, inbox: { ...inbox, workers: false } });
    await until(async () => (await deliver(web.origin, { id: 'batch_0' })).status === 202);
  });

  afterEach(async () => {
    await killAppProcesses();
    await queue.close();
    journal.remove();
  });

  it(`${KILLS} times while handling the same event does not fail the event`, async () => {
    const holding: AppConfig = { ...worker, handlerMs: 3_600_000 };
    const starts = (pid: number) => journal.entries('started').filter((entry) => entry.pid === pid).length;
    let next = AppProcess.start(holding);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const running = await next;
      await until(() => starts(running.pid) === 2);
      next = AppProcess.start(kill < KILLS ? holding : { ...holding, handlerMs: 0 });
      await running.end('SIGKILL');
    }
    await next;
    await drained(queue);

    expect(journal.counts('started', 'steady').get('batch_0')).toBe(KILLS + 1);
    expect(journal.counts('done', 'steady').get('batch_0')).toBe(1);
    expect(journal.counts('done', 'flaky').get('batch_0')).toBe(1);
    expect(await queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: 1 });
  });
});

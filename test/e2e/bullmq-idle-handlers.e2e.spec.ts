import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { bullmqInboxConfig, type InboxTiming } from '../../lib/bullmq/bullmq-inbox.options.js';
import { BullmqInbox } from '../../lib/bullmq/bullmq-inbox.js';
import { GeminiFailedEvents } from '../../lib/index.js';
import type { InboxEngineFactory } from '../../lib/inbox/inbox-engine.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import {
  closeWorkers,
  deliverUntilTaken,
  handlerOf,
  removeTestQueues,
  startWorker,
  testQueue,
  type TestQueue,
} from '../support/durable.js';
import { drained } from '../support/queues.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

afterEach(async () => {
  await closeApps();
  await closeWorkers();
  await removeTestQueues();
});

/** An inbox whose long waits the test shortens. */
function inboxWith(
  { url, name: queueName }: TestQueue,
  { workers, ...timing }: { workers: boolean } & Partial<InboxTiming>,
): InboxEngineFactory {
  return (host) => new BullmqInbox(host, bullmqInboxConfig({ url, queueName, workers }, host), timing);
}

async function start(inbox: InboxEngineFactory, providers: Type[] = []) {
  const logger = new RecordingLogger();
  const running = await startApp(
    { imports: [staticWebhooks({ inbox })], providers },
    { adapter: ADAPTERS[0], options: { logger } },
  );
  return { ...running, logger };
}

const warned = (logger: RecordingLogger, words: string) => logger.of('warn').filter((line) => line.includes(words));

describe.each(STORES)('a worker without the handlers that a web process has, on $name', ({ url }) => {
  it('keeps the event until a worker with the handlers joins, and warns meanwhile', async () => {
    const queue = testQueue(url);
    const handledBy: string[] = [];
    const web = await start(inboxWith(queue, { workers: false }), [handlerOf('publish', () => handledBy.push('web'))]);
    const worker = await start(inboxWith(queue, { workers: true }));

    await deliverUntilTaken(web.origin);
    await until(() => warned(worker.logger, 'publish').length > 0);
    expect(warned(worker.logger, 'publish')).toEqual([
      expect.stringMatching(/wait for handlers that no worker has: publish.*`workers: false`.*15 minutes/s),
    ]);
    expect(warned(worker.logger, 'counts as handled')).toEqual([]);
    expect(await queue.queue.getJobCounts('completed', 'failed')).toEqual({ completed: 0, failed: 0 });

    await startWorker(queue, [handlerOf('publish', () => handledBy.push('worker'))]);
    await drained(queue.queue);
    expect(handledBy).toEqual(['worker']);
    expect(await queue.queue.getJobCounts('completed', 'failed')).toEqual({ completed: 1, failed: 0 });
  });

  it('keeps it even if the web process is gone', async () => {
    const queue = testQueue(url);
    const web = await start(inboxWith(queue, { workers: false }), [handlerOf('publish')]);
    await deliverUntilTaken(web.origin);
    await web.app.close();

    const worker = await start(inboxWith(queue, { workers: true }));
    await until(() => warned(worker.logger, 'publish').length > 0);
    expect(await queue.queue.getJobCounts('completed', 'failed')).toEqual({ completed: 0, failed: 0 });
  });

  it('fails it after 15 minutes with a reason, and it can be replayed', async () => {
    const queue = testQueue(url);
    const handledBy: string[] = [];
    const web = await start(inboxWith(queue, { workers: false }), [handlerOf('publish')]);
    const worker = await start(inboxWith(queue, { workers: true, handlerWaitMs: 0 }));
    await deliverUntilTaken(web.origin);
    await drained(queue.queue);

    const failed = web.app.get(GeminiFailedEvents);
    expect(await failed.list()).toMatchObject([
      { type: 'batch.succeeded', reason: expect.stringMatching(/no worker has publish.*workers: false.*replay/s) },
    ]);
    expect(worker.logger.of('error')).toEqual([expect.stringMatching(/batch\.succeeded.*no worker has publish/s)]);

    await worker.app.close();
    await startWorker(queue, [handlerOf('publish', () => handledBy.push('worker'))]);
    expect(await failed.replayAll()).toBe(1);
    await drained(queue.queue);
    expect(handledBy).toEqual(['worker']);
    expect(await failed.list()).toEqual([]);
  });

  it('completes an event that no process handles, and warns', async () => {
    const queue = testQueue(url);
    const web = await start(inboxWith(queue, { workers: false }));
    const worker = await start(inboxWith(queue, { workers: true }));
    await deliverUntilTaken(web.origin);
    await drained(queue.queue);

    expect(await queue.queue.getJobCounts('completed')).toEqual({ completed: 1 });
    expect(warned(worker.logger, 'counts as handled')).toHaveLength(1);
  });
});

describe.each(STORES)('a web process whose queue no worker serves, on $name', ({ url }) => {
  it('warns once, and logs when a worker joins', async () => {
    const queue = testQueue(url);
    const web = await start(inboxWith(queue, { workers: false, workerAbsentMs: 0 }));
    await until(() => warned(web.logger, 'No worker').length > 0);
    expect(warned(web.logger, 'No worker')).toEqual([expect.stringContaining(queue.name)]);

    // Nest uses the latest logger for all apps of a process.
    const { logger } = await start(inboxWith(queue, { workers: true }), [handlerOf('publish')]);
    await until(() => logger.of('log').some((line) => line.includes('A worker serves')));
    expect(warned(web.logger, 'No worker')).toHaveLength(1);
  });
});

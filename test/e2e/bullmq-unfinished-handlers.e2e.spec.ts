import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { bullmqInboxConfig } from '../../lib/bullmq/bullmq-inbox.options.js';
import { BullmqInbox } from '../../lib/bullmq/bullmq-inbox.js';
import { GeminiEventBus, GeminiFailedEvents, UnrecoverableEventError } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import {
  closeWorkers,
  deliverUntilTaken,
  handlerOf,
  removeTestQueues,
  startDurableApp,
  startWorker,
  testQueue,
  type TestQueue,
} from '../support/durable.js';
import { deferred } from '../support/deferred.js';
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

/** Another app on the same queue, without the handlers of the first. */
async function startOther({ url, name: queueName }: TestQueue, providers: Type[], handlerWaitMs?: number) {
  const logger = new RecordingLogger();
  const { app } = await startApp(
    {
      imports: [
        staticWebhooks({
          inbox: (host) =>
            new BullmqInbox(
              host,
              bullmqInboxConfig({ url, queueName }, host),
              handlerWaitMs === undefined ? {} : { handlerWaitMs },
            ),
        }),
      ],
      providers,
    },
    { adapter: ADAPTERS[0], options: { logger } },
  );
  return { app, logger };
}

const counts = ({ queue }: TestQueue) => queue.getJobCounts('completed', 'failed');

describe.each(STORES)('an event whose handler failed in a worker that has stopped, on $name', ({ url }) => {
  /** One attempt fails in an app that then stops; the retry is due when the test has another worker. */
  async function failOnce(queue: TestQueue, handler: Type): Promise<void> {
    const first = await startDurableApp(queue, [handler], {
      backoff: { type: 'fixed', delay: 500 },
      drainTimeoutMs: 100,
    });
    const failed = deferred();
    first.app.get(GeminiEventBus).failures$.subscribe(() => failed.resolve());
    await deliverUntilTaken(first.origin);
    await failed.promise;
    await until(async () => (await queue.queue.getJobCounts('active'))['active'] === 0);
    await first.app.close();
  }

  const failing = () =>
    handlerOf('publish', () => {
      throw new Error('boom');
    });
  const hanging = () => handlerOf('publish', () => new Promise(() => undefined), { timeoutMs: 50 });

  it.each([
    ['threw', failing, [] as Type[]],
    ['timed out', hanging, [] as Type[]],
    ['was renamed', failing, [handlerOf('publishResult')]],
  ])(
    'waits for the handler if it %s, instead of being completed by a worker without it',
    async (_how, first, others) => {
      const queue = testQueue(url);
      await failOnce(queue, first());

      const { logger } = await startOther(queue, others);
      const about = (words: string) => logger.of('warn').filter((line) => line.includes(words));
      await until(() => about('publish').length > 0);
      expect(about('publish')).toEqual([expect.stringMatching(/no worker has: publish\..*queueName/s)]);
      expect(about('counts as handled')).toEqual([]);
      expect(await counts(queue)).toEqual({ completed: 0, failed: 0 });

      const attempts: number[] = [];
      await startWorker(queue, [handlerOf('publish', (_event, { attempt }) => attempts.push(attempt))]);
      await drained(queue.queue);
      expect(attempts).toEqual([2]);
      expect(await counts(queue)).toEqual({ completed: 1, failed: 0 });
    },
  );

  it('becomes a failed event that names the handler, and fails again if replayed without it', async () => {
    const queue = testQueue(url);
    await failOnce(queue, failing());
    const { app, logger } = await startOther(queue, [], 0);
    const failed = app.get(GeminiFailedEvents);
    await until(async () => (await failed.list()).length === 1);
    const reason = expect.stringMatching(/no live worker has publish.*replay/s);
    expect(await failed.list()).toMatchObject([{ type: 'batch.succeeded', handlers: {}, reason }]);
    expect(logger.of('error')).toEqual([reason]);

    for (const from of ['failed', 'start'] as const) {
      expect(await failed.replayAll({ from })).toBe(1);
      await until(async () => (await failed.list()).length === 1);
    }
    expect(await counts(queue)).toEqual({ completed: 0, failed: 1 });

    await app.close();
    const handled: string[] = [];
    const worker = await startWorker(queue, [handlerOf('publish', ({ delivery }) => handled.push(delivery.id))]);
    expect(await worker.get(GeminiFailedEvents).replayAll()).toBe(1);
    await drained(queue.queue);
    expect(handled).toHaveLength(1);
    expect(await counts(queue)).toEqual({ completed: 1, failed: 0 });
  });

  it('is not completed either if the handler had failed permanently and the event is replayed', async () => {
    const queue = testQueue(url);
    const giveUp = () => {
      throw new UnrecoverableEventError('never');
    };
    await failOnce(queue, handlerOf('publish', giveUp));
    const { app, logger } = await startOther(queue, []);

    expect(await app.get(GeminiFailedEvents).replayAll()).toBe(1);
    await until(() => logger.of('warn').some((line) => line.includes('no worker has: publish')));
    expect(await counts(queue)).toEqual({ completed: 0, failed: 0 });
  });
});

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { INestApplication, Type } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { bullmqInboxConfig } from '../../lib/bullmq/bullmq-inbox.options.js';
import { BullmqInbox } from '../../lib/bullmq/bullmq-inbox.js';
import { GeminiFailedEvents } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import {
  closeWorkers,
  deliverUntilTaken,
  handlerOf,
  inboxOn,
  removeTestQueues,
  startDurableApp,
  startWorker,
  testQueue,
  type TestQueue,
} from '../support/durable.js';
import { closeSimulators, SOON, startGemini, startJobsApp } from '../support/jobs.js';
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
  await closeSimulators();
});

/** A web app with a worker that keeps an event for the given time if it lacks its handlers. */
async function start({ url, name: queueName }: TestQueue, providers: Type[], handlerWaitMs?: number) {
  const logger = new RecordingLogger();
  const timing = handlerWaitMs === undefined ? {} : { handlerWaitMs };
  const inbox = staticWebhooks({
    inbox: (host) => new BullmqInbox(host, bullmqInboxConfig({ url, queueName }, host), timing),
  });
  const { app, origin } = await startApp(
    { imports: [inbox], providers },
    { adapter: ADAPTERS[0], options: { logger } },
  );
  return { app, origin, logger };
}

/** An app with the handlers accepts an event and stops before a worker has begun it. */
async function acceptOnly(queue: TestQueue, providers: Type[], what: Parameters<typeof deliverUntilTaken>[1] = {}) {
  await (queue.queue as Queue).pause();
  const { app, origin } = await startDurableApp(queue, providers);
  await deliverUntilTaken(origin, what);
  await app.close();
  expect(await counts(queue)).toEqual({ completed: 0, failed: 0 });
}

const resume = ({ queue }: TestQueue) => (queue as Queue).resume();
const counts = ({ queue }: TestQueue) => queue.getJobCounts('completed', 'failed');
const failedOf = (app: INestApplication) => app.get(GeminiFailedEvents);

/** A handler that counts its runs. */
function counting(name: string) {
  const runs: string[] = [];
  return { runs, provider: handlerOf(name, ({ delivery }) => runs.push(delivery.id)) };
}

describe.each(STORES)(
  'an event whose receiver, a process with workers, stopped before a worker began it, on $name',
  ({ url }) => {
    it.each([
      ['no handler', () => [] as Type[]],
      ['another handler, which runs', () => [handlerOf('other')]],
    ])('waits for a worker with its handler where the next one has %s', async (_what, others) => {
      const queue = testQueue(url);
      await acceptOnly(queue, [handlerOf('publish')]);
      const { logger } = await start(queue, others());
      await resume(queue);

      await until(() => logger.of('warn').some((line) => /no worker has: publish\./.test(line)));
      expect(await counts(queue)).toEqual({ completed: 0, failed: 0 });

      const { runs, provider } = counting('publish');
      await startWorker(queue, [provider]);
      await drained(queue.queue);
      expect(runs).toHaveLength(1);
      expect(await counts(queue)).toEqual({ completed: 1, failed: 0 });
    });

    it('fails after 15 minutes with a reason that names the handler, and is replayed by a worker that has it', async () => {
      const queue = testQueue(url);
      await acceptOnly(queue, [handlerOf('publish'), handlerOf('kept')]);
      const { app, logger } = await start(queue, [handlerOf('kept')], 0);
      await resume(queue);
      await until(async () => (await failedOf(app).list()).length === 1);

      const reason = expect.stringMatching(
        /no live worker has publish: start a worker.*renamed.*replay.*discard.*removed/s,
      );
      expect(await failedOf(app).list()).toMatchObject([{ handlers: { kept: 'succeeded' }, reason }]);
      expect(logger.of('error')).toEqual([reason]);
      await app.close();

      const { runs, provider } = counting('publish');
      const worker = await startWorker(queue, [provider, handlerOf('kept')]);
      expect(await worker.get(GeminiFailedEvents).replayAll()).toBe(1);
      await drained(queue.queue);
      expect(runs).toHaveLength(1);
      expect(await counts(queue)).toEqual({ completed: 1, failed: 0 });
    });

    it('fails again if it is replayed without the handler, from the start too, and can be discarded', async () => {
      const queue = testQueue(url);
      await acceptOnly(queue, [handlerOf('publish')]);
      const { app } = await start(queue, [handlerOf('publishResult')], 0);
      await resume(queue);
      for (const from of ['failed', 'start'] as const) {
        await until(async () => (await failedOf(app).list()).length === 1);
        expect(await failedOf(app).replayAll({ from })).toBe(1);
      }
      await until(async () => (await failedOf(app).list()).length === 1);

      const [event] = await failedOf(app).list();
      await failedOf(app).discard(event!.id);
      await drained(queue.queue);
      expect(await counts(queue)).toEqual({ completed: 1, failed: 0 });
    });
  },
);

describe.each(STORES)('a rolling deploy while events wait, on $name', ({ url }) => {
  it('runs the handler that the new version adds, whichever version accepted the event', async () => {
    const queue = testQueue(url);
    await acceptOnly(queue, [handlerOf('kept')], { id: 'by_the_old' });
    await acceptOnly(queue, [handlerOf('kept'), handlerOf('added')], { id: 'by_the_new' });
    const old = await start(queue, [handlerOf('kept')]);
    await resume(queue);
    await until(async () => (await counts(queue))['completed'] === 1);
    await until(() => old.logger.of('warn').some((line) => /no worker has: added\./.test(line)));

    const { runs, provider } = counting('added');
    await startDurableApp(queue, [handlerOf('kept'), provider]);
    await drained(queue.queue);
    expect(runs).toHaveLength(1);
  });

  it('leaves the handler that the new version removes to the old version while that runs', async () => {
    const queue = testQueue(url);
    const removed = counting('removed');
    await acceptOnly(queue, [handlerOf('kept'), handlerOf('removed')]);
    const old = await start(queue, [handlerOf('kept'), removed.provider]);
    const young = await start(queue, [handlerOf('kept')]);
    await resume(queue);
    await drained(queue.queue);
    expect(removed.runs).toHaveLength(1);
    expect([...old.logger.of('error'), ...young.logger.of('error')]).toEqual([]);
    expect(await counts(queue)).toEqual({ completed: 1, failed: 0 });
  });

  it('fails an event for a removed handler by name once the old version has stopped', async () => {
    const queue = testQueue(url);
    await acceptOnly(queue, [handlerOf('kept'), handlerOf('removed')]);
    const { app } = await start(queue, [handlerOf('kept')], 0);
    await resume(queue);
    await until(async () => (await failedOf(app).list()).length === 1);
    expect(await failedOf(app).list()).toMatchObject([
      { handlers: { kept: 'succeeded' }, reason: expect.stringContaining('no live worker has removed:') },
    ]);
  });
});

describe.each(STORES)('an event that was found by polling, on $name', ({ url }) => {
  it('is stored with the names of the handlers of the process that polled', async () => {
    const queue = testQueue(url);
    const gemini = await startGemini();
    const { jobs } = await startJobsApp(gemini, inboxOn(queue), SOON);
    const video = await jobs.createVideo({ input: 'a quiet sea' });
    gemini.finish(video.name!);
    await video.completed();
    await drained(queue.queue);

    const [job] = await queue.queue.getJobs();
    expect(job!.data).toMatchObject({ strategy: 'reconciled', idleHandlers: ['recorder'] });
    expect(job!.data).not.toHaveProperty('decidedHandlers');
  });
});

describe.each(STORES)('an event that an earlier version of the package stored, on $name', ({ url }) => {
  it('is handled by the workers that run', async () => {
    const queue = testQueue(url);
    await acceptOnly(queue, [handlerOf('publish')]);
    const [job] = await (queue.queue as Queue).getJobs();
    const { idleHandlers: _, ...data } = job!.data as { idleHandlers?: unknown };
    await job!.updateData(data);

    const { runs, provider } = counting('other');
    await startWorker(queue, [provider]);
    await resume(queue);
    await drained(queue.queue);
    expect(runs).toHaveLength(1);
    expect(await counts(queue)).toEqual({ completed: 1, failed: 0 });
  });
});

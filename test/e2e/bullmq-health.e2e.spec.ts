import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { UnrecoverableEventError, type GeminiHealthOptions } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import {
  closeWorkers,
  deliverUntilTaken,
  handlerOf,
  inboxOn,
  removeTestQueues,
  startWorker,
  testQueue,
} from '../support/durable.js';
import { healthController, healthOf, TERMINUS } from '../support/health.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

describe.each(STORES)('GeminiWebhooksHealth on $name', ({ url }) => {
  let limits: GeminiHealthOptions = {};

  const startReceiver = async (queue: ReturnType<typeof testQueue>) => {
    const inbox = inboxOn(queue, { workers: false });
    const { origin } = await startApp(
      { imports: [TERMINUS, staticWebhooks({ inbox })], controllers: healthController(() => limits) },
      { adapter: ADAPTERS[0] },
    );
    return origin;
  };

  afterEach(async () => {
    limits = {};
    await closeApps();
    await closeWorkers();
    await removeTestQueues();
  });

  it('is down in a process without workers until another process runs one, and again once that has left', async () => {
    const queue = testQueue(url);
    const origin = await startReceiver(queue);
    await until(async () => (await healthOf(origin)).gemini?.worker === 'absent');
    expect(await healthOf(origin)).toMatchObject({ status: 503, gemini: { causes: ['worker'], store: 'up' } });
    limits = { worker: false };
    expect(await healthOf(origin)).toMatchObject({ status: 200, gemini: { worker: 'absent' } });
    limits = {};

    await startWorker(queue, []);
    await until(async () => (await healthOf(origin)).status === 200);
    expect((await healthOf(origin)).gemini).toMatchObject({ status: 'up', store: 'up', worker: 'elsewhere' });

    await closeWorkers();
    await until(async () => (await healthOf(origin)).gemini?.worker === 'absent');
  });

  it('counts events that wait and events that failed, whichever process handles them', async () => {
    const queue = testQueue(url);
    const origin = await startReceiver(queue);
    await deliverUntilTaken(origin);
    limits = { worker: false, maxLagMs: 0 };
    await until(async () => (await healthOf(origin)).gemini?.causes?.includes('maxLagMs') === true);

    limits = { worker: false, maxFailed: 0 };
    const hopeless = handlerOf('hopeless', () => Promise.reject(new UnrecoverableEventError()));
    await startWorker(queue, [hopeless]);
    await until(async () => (await healthOf(origin)).status === 503);

    expect((await healthOf(origin)).gemini).toMatchObject({ causes: ['maxFailed'], failed: 1, lagMs: 0 });
  });
});

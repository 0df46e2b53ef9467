import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { GeminiInbox } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { healthController, healthOf, TERMINUS } from '../support/health.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { OWN_STORES, type OwnStore } from './support/own-stores.js';
import { SilentServer } from './support/silent-server.js';

/** The bound of a check, and some time for a busy machine. */
const ANSWERS_WITHIN_MS = 3_500;

jest.setTimeout(60_000);

const start = (url: string) => {
  Logger.overrideLogger(false);
  const inbox = bullmqInbox({ url, queueName: `health-${randomUUID()}` });
  return startApp(
    { imports: [TERMINUS, staticWebhooks({ inbox })], controllers: healthController() },
    { adapter: ADAPTERS[0] },
  );
};

const timedHealthOf = async (origin: string) => {
  const startedAt = performance.now();
  const health = await healthOf(origin);
  return { ...health, tookMs: performance.now() - startedAt };
};

afterEach(closeApps);

describe.each(OWN_STORES)('the health of an app whose store goes away, on $name', ({ make }) => {
  let store: OwnStore;

  beforeAll(async () => {
    store = await make();
  });

  afterAll(async () => {
    await closeApps();
    await store.remove();
  });

  it('is down before the store is there, up once it is, down while it is away, and up again', async () => {
    const { app, origin } = await start(store.url);
    const before = await timedHealthOf(origin);
    expect(before).toMatchObject({ status: 503, gemini: { causes: ['store', 'worker'], store: 'connecting' } });
    expect(before.tookMs).toBeLessThan(ANSWERS_WITHIN_MS);

    await store.start();
    await until(async () => (await healthOf(origin)).status === 200);
    expect((await healthOf(origin)).gemini).toMatchObject({ status: 'up', store: 'up', worker: 'running', lagMs: 0 });

    await store.stop();
    const away = await timedHealthOf(origin);
    expect(away).toMatchObject({
      status: 503,
      gemini: { causes: expect.arrayContaining(['store']), store: 'unavailable' },
    });
    expect(away.tookMs).toBeLessThan(ANSWERS_WITHIN_MS);
    await expect(app.get(GeminiInbox).stats()).rejects.toMatchObject({ code: 'inbox_unavailable' });

    await store.start();
    await until(async () => (await healthOf(origin)).status === 200);
  });
});

describe.each(STORES)('the health of an app whose store falls silent, on $name', ({ url }) => {
  const server = new SilentServer(url);

  afterAll(() => server.stop());

  it('is down within the bound of a check, and up again once the store answers', async () => {
    await server.start();
    const { app, origin } = await start(server.url(url));
    await until(async () => (await healthOf(origin)).status === 200);

    server.silent = true;
    const silent = await timedHealthOf(origin);
    expect(silent).toMatchObject({ status: 503, gemini: { causes: ['store'], store: 'unavailable' } });
    expect(silent.tookMs).toBeLessThan(ANSWERS_WITHIN_MS);
    await expect(app.get(GeminiInbox).stats()).rejects.toMatchObject({ code: 'inbox_unavailable' });

    server.silent = false;
    await until(async () => (await healthOf(origin)).status === 200);
  });
});

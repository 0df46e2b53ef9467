import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger, type INestApplication } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { GeminiFailedEvents, GeminiWebhooksModule, type GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { ACCEPTED, deliverUntilTaken, handlerOf } from '../support/durable.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { OWN_STORES, type OwnStore } from './support/own-stores.js';
import { SilentServer } from './support/silent-server.js';

const LOGGED_WITHIN_MS = 10_000;

jest.setTimeout(60_000);

let logger: RecordingLogger;
let url: string;
let queueName: string;

const start = async (options: GeminiWebhooksModuleOptions, providers: ReturnType<typeof handlerOf>[] = []) => {
  const imports = [options.gemini ? GeminiWebhooksModule.forRoot(options) : staticWebhooks(options)];
  return startApp({ imports, providers }, { adapter: ADAPTERS[0], options: { logger } });
};
const inbox = (workers: boolean) => bullmqInbox({ url, queueName, workers });

/** Each starts a process of one kind, and resolves when that process uses the store. */
const PROCESSES = [
  {
    kind: 'only runs workers',
    async run(): Promise<INestApplication> {
      let handled = 0;
      const worker = await start({ controller: false, inbox: inbox(true) }, [handlerOf('count', () => (handled += 1))]);
      const web = await start({ inbox: inbox(false) });
      await deliverUntilTaken(web.origin);
      await until(() => handled > 0);
      await web.app.close();
      return worker.app;
    },
  },
  {
    kind: 'only receives events',
    async run(): Promise<INestApplication> {
      const { app, origin } = await start({ inbox: inbox(false) });
      expect(await deliver(origin)).toMatchObject(ACCEPTED);
      return app;
    },
  },
  {
    kind: 'only starts jobs',
    async run(): Promise<INestApplication> {
      const gemini = { apiKey: 'an API key' };
      const { app } = await start({ controller: false, gemini, jobs: {}, inbox: inbox(false) });
      await app.get(GeminiFailedEvents).list();
      return app;
    },
  },
] as const;

const unavailable = () => logger.of('warn').filter((line) => line.includes('The inbox store is unavailable: '));
const availableAgain = () =>
  logger.of('log').filter((line) => line === 'The inbox store is available again. GeminiWebhooks');

beforeEach(() => {
  logger = new RecordingLogger();
  queueName = `outage-log-${randomUUID()}`;
});

afterEach(async () => {
  await closeApps();
  Logger.overrideLogger(false);
});

describe.each(OWN_STORES)('the log of a process whose store goes away, on $name', ({ make }) => {
  let store: OwnStore;

  beforeAll(async () => {
    store = await make();
  });

  beforeEach(async () => {
    await store.start();
    url = store.url;
  });

  afterEach(async () => {
    await closeApps();
    await store.stop();
  });

  afterAll(() => store.remove());

  it.each(PROCESSES)('has one line about the outage and one about its end: a process that $kind', async ({ run }) => {
    await run();
    expect([unavailable(), availableAgain()]).toEqual([[], []]);

    await store.stop();
    await until(() => unavailable().length > 0, { withinMs: LOGGED_WITHIN_MS });
    await store.start();
    await until(() => availableAgain().length > 0, { withinMs: LOGGED_WITHIN_MS });
    await closeApps();

    expect(unavailable()).toEqual([expect.stringMatching(/ECONNREFUSED|ECONNRESET/)]);
    expect(availableAgain()).toHaveLength(1);
  });

  it.each(PROCESSES)('has no line about a start and a close: a process that $kind', async ({ run }) => {
    const app = await run();
    await app.close();

    expect([unavailable(), availableAgain()]).toEqual([[], []]);
  });
});

describe.each(STORES)('the log of a process whose store falls silent, on $name', (store) => {
  const server = new SilentServer(store.url);

  afterAll(() => server.stop());

  it('has one line about the outage and one about its end', async () => {
    await server.start();
    url = server.url(store.url);
    await PROCESSES[0].run();

    server.silent = true;
    await until(() => unavailable().length > 0, { withinMs: LOGGED_WITHIN_MS });
    server.silent = false;
    await until(() => availableAgain().length > 0, { withinMs: LOGGED_WITHIN_MS });
    await closeApps();

    expect([unavailable().length, availableAgain().length]).toEqual([1, 1]);
  });
});

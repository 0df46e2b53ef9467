import type { INestApplicationContext, Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GeminiFailedEvents, GeminiWebhooksModule, UnrecoverableEventError } from '../../lib/index.js';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { ACCEPTED, deliverUntilTaken, handlerOf, inboxOn, removeTestQueues, testQueue } from '../support/durable.js';
import { startRedisCluster } from '../support/redis-cluster.js';
import { deferred } from '../support/deferred.js';
import { setEnvironment } from '../support/environment.js';
import { deliver, SECRET, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { ExamplePage } from './support/example-page.js';
import { ownDatabase, type OwnDatabase } from './support/own-database.js';
import { shownAndPrinted } from './support/transcripts.js';
import { typedCommands } from './support/typed-commands.js';

const ROOT = join(import.meta.dirname, '..', '..');
const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/inbox.md');
let database: OwnDatabase;
let log: jest.SpiedFunction<typeof console.log>;

beforeEach(async () => {
  database = await ownDatabase();
  setEnvironment({ GEMINI_WEBHOOK_SECRET: SECRET, GEMINI_WEBHOOK_INBOX_URL: database.url });
  log = jest.spyOn(console, 'log').mockReturnValue();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeApps();
  await removeTestQueues();
  setEnvironment();
  await database.remove();
});

describe('docs/inbox.md', () => {
  page.example(
    'The inbox',
    'installs optional peers and sets the URL of the store',
    async (example) => {
      const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
        peerDependencies: Record<string, string>;
      };
      const [install, after] = await typedCommands(
        example.text({ replace: { 'redis://localhost:6379': database.url }, append: 'npm' }),
      );

      expect(install!.args.slice(1).filter((name) => !(name in peerDependencies))).toEqual([]);
      setEnvironment(after!.env);
      const webhooks = GeminiWebhooksModule.forRoot({ inbox: bullmqInbox() });
      await expect(startApp({ imports: [webhooks] }, { adapter })).resolves.toBeDefined();
    },
    { language: 'sh' },
  );

  page.example('The inbox', 'stores events, answers 202, and handles 32 events at once', async (example) => {
    let running = 0;
    const all = deferred<void>();
    const handler = handlerOf('one of many', async () => {
      running += 1;
      if (running === 32) all.resolve();
      await all.promise;
    });
    const { origin } = await startApp({ imports: [await example.runForModule()], providers: [handler] }, { adapter });
    await deliverUntilTaken(origin, { id: 'batch_1' });

    for (let event = 2; event <= 32; event += 1)
      expect(await deliver(origin, { id: `batch_${event}` })).toMatchObject(ACCEPTED);
    await all.promise;
  });

  page.example(
    'The inbox',
    'installs a Redis driver for the package beside TypeORM',
    async (example) => {
      const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
        peerDependencies: Record<string, string>;
      };
      const asked = (await typedCommands(example.text())).flatMap(({ args }) => args.slice(1));

      expect(asked).toEqual(['bullmq', 'ioredis@5', '@nestjs/typeorm', 'typeorm']);
      expect(peerDependencies['ioredis']!.split(' || ')).toContain('^5');
    },
    { language: 'sh', nth: 2 },
  );

  page.example(
    'Separate web and worker processes',
    'handles events in the worker that the web process received',
    async (example) => {
      const web = GeminiWebhooksModule.forRoot({ inbox: bullmqInbox({ workers: false }) });
      const { origin } = await startApp({ imports: [web] }, { adapter });
      const { worker } = await example.run<{ worker: INestApplicationContext }>({ append: 'export { worker };' });
      try {
        await deliverUntilTaken(origin, { id: 'batch_1' });
        await until(() => log.mock.calls.length === 1);

        expect(log.mock.calls).toEqual([['batches/1', 'is done']]);
      } finally {
        await worker.close();
      }
    },
  );
  for (const { name, url } of STORES)
    page.example('Failed events', `lists and replays failed events of a type on ${name}`, async (example) => {
      const { Operations } = await example.run<{ Operations: Type<{ retryBatches(): Promise<number> }> }>();
      let isRepaired = false;
      const handled: string[] = [];
      const repairable = handlerOf('repairable', ({ type, resource }) => {
        if (!isRepaired) throw new UnrecoverableEventError('not yet');
        handled.push(`${type} ${resource?.name}`);
      });
      const inbox = inboxOn(testQueue(url));
      const { app, origin } = await startApp(
        { imports: [staticWebhooks({ inbox })], providers: [Operations, repairable] },
        { adapter },
      );
      await deliverUntilTaken(origin, { id: 'batch_1' });
      await deliverUntilTaken(origin, { id: 'batch_2', type: 'batch.failed' });
      await until(async () => (await app.get(GeminiFailedEvents).list()).length === 2);

      isRepaired = true;
      const replayed = await app.get(Operations).retryBatches();
      await until(() => handled.length === 1);

      expect(log.mock.calls).toEqual([[expect.any(String), 'batches/1', 'repairable failed for good']]);
      expect(replayed).toBe(1);
      expect(handled).toEqual(['batch.succeeded batches/1']);
    });

  page.example(
    'Failed events',
    'lists and replays failed events on the command line',
    async (example) => {
      let isRepaired = false;
      const handled = deferred<string>();
      const publish = handlerOf('BatchHandlers.publish', ({ resource }) => {
        if (!isRepaired) throw new UnrecoverableEventError('not yet');
        handled.resolve(String(resource?.name));
      });
      const webhooks = GeminiWebhooksModule.forRoot({ inbox: bullmqInbox() });
      const { app, origin } = await startApp({ imports: [webhooks], providers: [publish] }, { adapter });
      await deliverUntilTaken(origin, { id: 'batch_1' });
      await deliverUntilTaken(origin, { id: 'batch_2', type: 'batch.failed' });
      await until(async () => (await app.get(GeminiFailedEvents).list()).length === 2);

      isRepaired = true;
      const { shown, printed } = await shownAndPrinted(example.text(), {
        env: { GEMINI_WEBHOOK_INBOX_URL: database.url },
      });

      expect(printed).toEqual(shown);
      expect(await handled.promise).toBe('batches/1');
    },
    { language: '' },
  );

  page.example(
    'The store',
    'creates tables that an app can use with only the documented rights',
    async (example) => {
      await typedCommands(example.text(), { folder: ROOT, env: { DATABASE_URL: database.url } });
      const url = await database.roleWith(
        (role) => `
          GRANT USAGE ON SCHEMA bullmq TO ${role};
          GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bullmq TO ${role};
          GRANT USAGE ON ALL SEQUENCES IN SCHEMA bullmq TO ${role};
          GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bullmq TO ${role}`,
      );
      const handled: string[] = [];
      const handler = handlerOf('handler', ({ type, resource }) => {
        if (type === 'batch.failed') throw new UnrecoverableEventError('no');
        handled.push(String(resource?.name));
      });
      const webhooks = GeminiWebhooksModule.forRoot({ inbox: bullmqInbox({ url, migrate: false }) });
      const { app, origin } = await startApp({ imports: [webhooks], providers: [handler] }, { adapter });
      await deliverUntilTaken(origin, { id: 'batch_1' });
      await deliverUntilTaken(origin, { id: 'batch_2', type: 'batch.failed' });
      await until(async () => (await app.get(GeminiFailedEvents).list()).length === 1);

      expect(handled).toEqual(['batches/1']);
    },
    { language: 'sh' },
  );

  if (STORES.some(({ name }) => name === 'Redis'))
    page.example('The store', 'stores and handles events on a cluster of Redis servers', async (example) => {
      const servers = await startRedisCluster();
      try {
        const { port } = new URL(servers.urls[0]!);
        const replace = {
          'clustercfg.gemini.example.com': '127.0.0.1',
          '6379': port,
          "tls: {}, username: 'app', password: process.env['REDIS_PASSWORD'] ?? ''": '',
        };
        const imports = [await example.runForModule({ replace })];
        const handled = deferred<string>();
        const handler = handlerOf('handler', ({ type }) => handled.resolve(type));
        const { origin } = await startApp({ imports, providers: [handler] }, { adapter });
        await deliverUntilTaken(origin);

        expect(await handled.promise).toBe('batch.succeeded');
        await closeApps();
      } finally {
        await servers.stop();
      }
    });
  else page.elsewhere('The store', 'test/e2e/bullmq-cluster.e2e.spec.ts');

  page.everyExampleIsRun();
});

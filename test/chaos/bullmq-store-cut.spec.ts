import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { Client } from 'pg';
import { GeminiEventBus } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { ACCEPTED, handlerOf, inboxOn, removeTestQueues, startDurableApp, testQueue } from '../support/durable.js';
import { deferred } from '../support/deferred.js';
import { drained } from '../support/queues.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const EVENTS = 10;
const CUT_MS = 3_000;

jest.setTimeout(60_000);

/** Proxy between the app and its store that can be cut. */
class Cable {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  cut = false;

  constructor(store: URL) {
    this.#server = createServer((client) => {
      if (this.cut) return void client.destroy();
      const server = connect(Number(store.port), store.hostname);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => undefined).on('close', () => to.destroy());
        from.pipe(to);
      }
    });
  }

  async urlOf(store: string): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    const url = new URL(store);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  drop(): void {
    this.cut = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.drop();
    this.#server.close();
  }
}

describe.each(STORES)('a store connection that is cut while handlers run, on $name', ({ url }) => {
  let cable: Cable;

  beforeEach(() => {
    cable = new Cable(new URL(url));
  });

  afterEach(async () => {
    cable.cut = false;
    await closeApps();
    cable.close();
    Logger.overrideLogger(false);
    await removeTestQueues();
  });

  it.each([
    ['within the lock', 30_000],
    ['past the lock', 1_000],
  ])('runs no handler twice in a live process and blames no handler: %s', async (_how, lockDurationMs) => {
    const runs = new Map<string, number>();
    const going = deferred();
    const handler = handlerOf('steady', async ({ data }) => {
      const { id } = data as { id: string };
      runs.set(id, (runs.get(id) ?? 0) + 1);
      await going.promise;
    });
    const queue = testQueue(url);
    const cabled = { ...queue, url: await cable.urlOf(url) };
    const { app, origin } = await startDurableApp(cabled, [handler], { lockDurationMs });
    const failures: unknown[] = [];
    app.get(GeminiEventBus).failures$.subscribe((failure) => failures.push(failure));
    for (let event = 0; event < EVENTS; event += 1)
      expect(await deliver(origin, { id: `batch_${event}` })).toMatchObject(ACCEPTED);
    await until(() => runs.size === EVENTS);

    cable.drop();
    going.resolve();
    const cutAt = Date.now();
    await until(() => Date.now() - cutAt > CUT_MS);
    cable.cut = false;
    await drained(queue.queue);

    expect([...runs.values()]).toEqual(Array.from({ length: EVENTS }, () => 1));
    expect(failures).toEqual([]);
    expect(await queue.queue.getJobCounts('completed', 'failed')).toEqual({ completed: EVENTS, failed: 0 });
  });

  it('is logged once, and once more when the store is available again', async () => {
    const logger = new RecordingLogger();
    const inbox = inboxOn({ ...testQueue(url), url: await cable.urlOf(url) }, { workers: false });
    const { origin } = await startApp(
      { imports: [staticWebhooks({ inbox })] },
      { adapter: ADAPTERS[0], options: { logger } },
    );
    expect(await deliver(origin)).toMatchObject(ACCEPTED);
    cable.drop();
    await until(async () => (await deliver(origin)).status === 503);
    cable.cut = false;
    await until(async () => (await deliver(origin)).status === 202);
    await deliver(origin);

    expect(logger.of('warn').filter((line) => line.includes('could not be stored'))).toHaveLength(1);
    expect(logger.of('log').filter((line) => line.includes('store is available again'))).toHaveLength(1);
  });
});

describe.each(STORES.filter(({ name }) => name === 'PostgreSQL'))('$name closing its connections', ({ url }) => {
  it('runs no handler twice in a live process and blames no handler', async () => {
    const role = `ended_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
    const admin = new Client({ connectionString: url });
    await admin.connect();
    await admin.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'ended'`);
    const ended = new URL(url);
    ended.username = role;
    ended.password = 'ended';
    const endAll = () =>
      admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);
    const runs = new Map<string, number>();
    const gates = [deferred(), deferred()];
    const handlers = gates.map((gate, index) =>
      handlerOf(`handler${index}`, async ({ data }) => {
        const run = `${index} ${(data as { id: string }).id}`;
        runs.set(run, (runs.get(run) ?? 0) + 1);
        await gate.promise;
      }),
    );
    const queue = testQueue(url);
    try {
      const { app, origin } = await startDurableApp({ ...queue, url: ended.href }, handlers);
      const failures: unknown[] = [];
      app.get(GeminiEventBus).failures$.subscribe((failure) => failures.push(failure));
      for (let event = 0; event < EVENTS; event += 1)
        expect(await deliver(origin, { id: `batch_${event}` })).toMatchObject(ACCEPTED);
      await until(() => runs.size === 2 * EVENTS);
      for (const gate of gates) {
        await endAll();
        gate.resolve();
        await endAll();
      }
      await drained(queue.queue);

      expect([...runs.values()]).toEqual(Array.from({ length: 2 * EVENTS }, () => 1));
      expect(failures).toEqual([]);
      expect(await queue.queue.getJobCounts('completed', 'failed')).toEqual({ completed: EVENTS, failed: 0 });
    } finally {
      await closeApps();
      await removeTestQueues();
      await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await admin.end();
    }
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Cluster, Redis, type ClusterNode, type RedisOptions } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { bullmqInbox, bullmqSecretStore, type BullmqInboxOptions } from '../../lib/bullmq/index.js';
import { GeminiEventBus, GeminiFailedEvents } from '../../lib/index.js';
import { freePort } from '../support/free-port.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { ACCEPTED, deliverUntilTaken, handlerOf } from '../support/durable.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { startRedisCluster, type TestCluster } from '../support/redis-cluster.js';
import { deliver, INBOX_UNAVAILABLE, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const prefix = '{gemini}';
const REDIS = STORES.find(({ name }) => name === 'Redis');
const nodeOf = (url: string) => ({ host: '127.0.0.1', port: Number(new URL(url).port || 6379) });
/** The contract's 2 s plus a margin for a busy machine. */
const ANSWER_MS = 2_500;
const CLOSE_MS = 8_000;

jest.setTimeout(60_000);

(REDIS ? describe : describe.skip)('a cluster of three Redis servers', () => {
  let servers: TestCluster;
  let connection: Cluster;
  let urls: { readonly holder: string; readonly other: string };
  let queueName: string;
  let logger: RecordingLogger;

  const start = (options: BullmqInboxOptions, provider = handlerOf('one')) => {
    const inbox = bullmqInbox({ queueName, attempts: 2, backoff: { type: 'fixed', delay: 20 }, ...options });
    return startApp(
      { imports: [staticWebhooks({ inbox })], providers: [provider] },
      { adapter: ADAPTERS[0], options: { logger } },
    );
  };
  const warnings = () => logger.of('warn').filter((line) => line.includes('The inbox store is unavailable'));

  beforeAll(async () => {
    servers = await startRedisCluster();
    connection = servers.connect();
    urls = await servers.urlsFor(prefix);
  });

  afterAll(async () => {
    connection.disconnect();
    await servers.stop();
  });

  beforeEach(() => {
    queueName = `cluster-${randomUUID()}`;
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
  });

  afterEach(async () => {
    await closeApps();
    Logger.overrideLogger(false);
  });

  it('keeps all keys of an inbox in one slot, and supports its bus, locks and failed events', async () => {
    let broken = true;
    const handler = handlerOf('one', () => {
      if (broken) throw new Error('not yet');
    });
    const apps = [await start({ connection, prefix }, handler), await start({ connection, prefix }, handler)];
    const heard = apps.map(({ app }) => {
      const ids = new Set<unknown>();
      app.get(GeminiEventBus).events$.subscribe(({ data }) => ids.add((data as { id?: unknown }).id));
      return ids;
    });

    let sent = 0;
    while (!heard.every((ids) => ids.size > 0)) {
      await deliverUntilTaken(apps[0]!.origin, { id: `batch_${sent}` });
      sent += 1;
      await until(() => heard.every((ids) => ids.size > 0), { withinMs: 500 }).catch(() => undefined);
    }
    const failed = apps[1]!.app.get(GeminiFailedEvents);
    await until(async () => (await failed.list()).length === sent);
    broken = false;
    expect(await failed.replayAll()).toBe(sent);
    await until(async () => (await failed.list()).length === 0);

    const keys = await servers.keys();
    expect(keys[servers.urls.indexOf(urls.holder)]!.length).toBeGreaterThan(5);
    for (const key of keys.flat()) expect(key).toMatch(/^\{gemini\}:/);
    expect(keys.filter((held) => held.length > 0)).toHaveLength(1);
    expect(warnings()).toEqual([]);
  });

  it('lets one process at a time hold a lock', async () => {
    const host = {
      registration: 'default',
      toleranceSeconds: 300,
      handlers: () => [],
      dispatch: async () => ({ retryable: [], final: [] }),
      announce: () => undefined,
    };
    const engines = [1, 2].map(() => bullmqInbox({ connection, prefix, queueName, workers: false })(host));
    await Promise.all(engines.map((engine) => engine.start?.()));
    const [one, two] = engines;

    const second = await one!.lock!(
      'endpoint',
      async () => two!.lock!('endpoint', async () => 'had', { waitMs: 0 }).catch((error: Error) => error.message),
      { waitMs: 5_000 },
    );
    expect(second).toContain('Another process held the lock');
    expect(await two!.lock!('endpoint', async () => 'had', { waitMs: 5_000 })).toBe('had');

    await Promise.all(engines.map((engine) => engine.close()));
  });

  it('works with the URL of the server that has all keys of the prefix', async () => {
    const { origin } = await start({ url: urls.holder, prefix });

    expect(await deliver(origin)).toMatchObject(ACCEPTED);
    expect(warnings()).toEqual([]);
  });

  it.each<[string, () => BullmqInboxOptions, RegExp]>([
    ['a URL and no hash tag', () => ({ url: urls.holder }), /is in cluster mode\. Set prefix: '\{gemini\}'/],
    ['a URL and another prefix', () => ({ url: urls.other, prefix: 'app' }), /Set prefix: '\{gemini\}'/],
    ['a URL of one that has not these keys', () => ({ url: urls.other, prefix }), /connection: new Cluster\(/],
  ])('reports once what to set: %s', async (_what, options, reason) => {
    await start(options());

    await until(() => warnings().length > 0);
    expect(warnings()).toEqual([expect.stringMatching(reason)]);
    expect(logger.text).not.toMatch(/CROSSSLOT|MOVED/);
  });

  it('reports the same for a client of one server', async () => {
    const client = new Redis(urls.other);
    await start({ connection: client });
    await until(() => warnings().length > 0);
    client.disconnect();

    expect(warnings()).toEqual([expect.stringMatching(/Set prefix: '\{gemini\}'/)]);
  });

  it('makes the secret store report which client it needs', async () => {
    const store = bullmqSecretStore({ url: urls.other, prefix })({ registration: 'default', keys: ['a key'] });

    await expect(store.load('endpoint')).rejects.toThrow(/could not be read: .*connection: new Cluster\(/);
    await store.close?.();
  });

  it.each<[string, () => Promise<ClusterNode>, Pick<RedisOptions, 'username' | 'password' | 'tls'>, RegExp]>([
    ['a port that refuses', async () => ({ host: '127.0.0.1', port: await freePort() }), {}, /ECONNREFUSED/],
    ['an unknown host', async () => ({ host: 'nowhere.invalid', port: 6379 }), {}, /ENOTFOUND|EAI_AGAIN/],
    ['a wrong user', async () => nodeOf(urls.holder), { username: 'nobody', password: 'secret' }, /WRONGPASS/],
    ['TLS to a plain port', async () => nodeOf(urls.holder), { tls: {} }, /ssl|tls|ETIMEDOUT|ECONNRESET|disconnected/i],
    ['one server', async () => nodeOf(REDIS!.url), {}, /not in cluster mode/],
  ])('reports in one line why it cannot be used: %s', async (_what, node, redisOptions, reason) => {
    const away = new Cluster([await node()], { redisOptions, lazyConnect: true });
    await start({ connection: away, prefix });

    await until(() => warnings().length > 0, { withinMs: 10_000 });
    expect(warnings()).toEqual([expect.stringMatching(reason)]);
    expect(logger.text).not.toContain('secret');
  });

  it('that is unreachable delays neither the answer nor the shutdown', async () => {
    const away = new Cluster([{ host: '127.0.0.1', port: await freePort() }], { lazyConnect: true });
    const { origin, app } = await start({ connection: away, prefix });

    const sentAt = performance.now();
    expect(await deliver(origin)).toMatchObject(INBOX_UNAVAILABLE);
    expect(performance.now() - sentAt).toBeLessThan(ANSWER_MS);

    const closedAt = performance.now();
    await app.close();
    expect(performance.now() - closedAt).toBeLessThan(CLOSE_MS);
  });

  it('rejects in time while the server with the keys is silent, and works again afterwards', async () => {
    const { origin } = await start({ connection, prefix });
    expect(await deliver(origin, { id: 'before' })).toMatchObject(ACCEPTED);

    servers.signal(urls.holder, 'SIGSTOP');
    const sentAt = performance.now();
    const answer = await deliver(origin, { id: 'meanwhile' });
    const tookMs = performance.now() - sentAt;
    servers.signal(urls.holder, 'SIGCONT');

    expect(answer).toMatchObject(INBOX_UNAVAILABLE);
    expect(tookMs).toBeLessThan(ANSWER_MS);
    await deliverUntilTaken(origin, { id: 'after' });
  });

  it('works again once a killed server is back', async () => {
    const ids: unknown[] = [];
    const handler = handlerOf('one', ({ data }) => void ids.push((data as { id?: unknown }).id));
    const { origin } = await start({ connection, prefix }, handler);
    await deliverUntilTaken(origin, { id: 'before' });
    await until(() => ids.includes('before'));

    await servers.restart(urls.holder);
    await deliverUntilTaken(origin, { id: 'after' });
    await until(() => ids.includes('after'));

    expect(ids).toEqual(['before', 'after']);
  });
});

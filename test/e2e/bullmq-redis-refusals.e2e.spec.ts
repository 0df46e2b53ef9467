import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { freePort } from '../support/free-port.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const WITHIN_MS = 10_000;

jest.setTimeout(60_000);

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

describe.each(STORES.filter(({ name }) => name === 'Redis'))('the inbox and a dedicated $name', () => {
  let redis: ChildProcess;
  let host: string;
  let closedPort: number;
  let logger: RecordingLogger;

  const socket = join(tmpdir(), `gemini-${randomUUID()}.sock`);
  const user = ['--user', 'orders', 'on', '>pa55', '~*', '&*', '+@all'];

  const start = async (args: readonly string[] = ['--requirepass', 'secret', '--unixsocket', socket, ...user]) => {
    const [address, port] = host.split(':') as [string, string];
    redis = spawn('redis-server', ['--bind', address, '--port', port, '--save', '', ...args], { stdio: 'ignore' });
    await until(() => listens(Number(port)));
  };
  const stop = async () => {
    const exit = once(redis, 'exit');
    redis.kill('SIGTERM');
    await exit;
  };
  const startOn = (url: string) => {
    const inbox = bullmqInbox({ url, queueName: `refused-${randomUUID()}` });
    return startApp({ imports: [staticWebhooks({ inbox })] }, { adapter: ADAPTERS[0], options: { logger } });
  };
  const lines = () => logger.of('warn').filter((line) => line.includes('The inbox store is unavailable'));

  beforeAll(async () => {
    host = `127.0.0.1:${await freePort()}`;
    closedPort = await freePort();
    await start();
  });

  afterAll(stop);

  beforeEach(() => {
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
  });

  afterEach(async () => {
    await closeApps();
    Logger.overrideLogger(false);
  });

  it.each<[string, () => string, RegExp]>([
    ['a wrong password', () => `redis://:wrong@${host}`, /WRONGPASS|invalid password/],
    ['no password', () => `redis://${host}`, /NOAUTH/],
    ['a port that refuses', () => `redis://127.0.0.1:${closedPort}`, /ECONNREFUSED/],
    ['an unknown host', () => 'redis://nowhere.invalid:6379', /ENOTFOUND|EAI_AGAIN/],
    ['a database that the server lacks', () => `redis://:secret@${host}/99`, /DB index is out of range/],
    ['TLS to a plain port', () => `rediss://:secret@${host}`, /ssl|tls|ETIMEDOUT|ECONNRESET|disconnected|closed/i],
  ])('is reported in one line with the reason, and deliveries are answered 503: %s', async (_what, url, reason) => {
    const { origin } = await startOn(url());

    await until(() => lines().length > 0, { withinMs: WITHIN_MS });
    expect(await deliver(origin)).toMatchObject({ status: 503 });
    expect(lines()).toEqual([expect.stringMatching(reason)]);
    expect(logger.text).not.toContain('secret@');
  });

  it('stores nothing in another database than that of the URL', async () => {
    const { origin } = await startOn(`redis://:secret@${host}/99`);
    await until(() => lines().length > 0, { withinMs: WITHIN_MS });
    await deliver(origin);
    await closeApps();

    const client = new Redis(`redis://:secret@${host}`);
    expect(await client.dbsize()).toBe(0);
    client.disconnect();
  });

  it('is used with the user and database of the URL', async () => {
    const { origin } = await startOn(`redis://orders:pa55@${host}/15`);
    expect(await deliver(origin)).toMatchObject({ status: 202 });

    const client = new Redis(`redis://:secret@${host}`);
    expect(await client.info('keyspace')).toMatch(/db15:keys=\d/);
    expect(await client.client('LIST')).toMatch(/db=15 .*user=orders/);
    client.disconnect();
  });

  it("is used through its socket with the app's own client", async () => {
    const connection = new Redis({ path: socket, password: 'secret' });
    const inbox = bullmqInbox({ connection, queueName: `socket-${randomUUID()}` });
    const { origin } = await startApp({ imports: [staticWebhooks({ inbox })] }, { adapter: ADAPTERS[0] });

    expect(await deliver(origin)).toMatchObject({ status: 202 });
    connection.disconnect();
  });

  it('is reported as available again, once', async () => {
    const { origin } = await startOn(`redis://:secret@${host}`);
    expect(await deliver(origin)).toMatchObject({ status: 202 });
    await stop();
    await until(() => lines().length > 0, { withinMs: WITHIN_MS });
    await start();
    await until(async () => (await deliver(origin)).status === 202);

    expect(logger.of('log').filter((line) => line.includes('store is available again'))).toHaveLength(1);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Pool } from 'pg';
import { bullmqInbox, bullmqSecretStore, type BullmqInboxOptions } from '../../lib/bullmq/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { ACCEPTED, handlerOf, removeTestQueues, testQueue } from '../support/durable.js';
import { postgresSocket, type PostgresSocket } from '../support/postgres-socket.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

const tcp = STORES.find(({ name }) => name === 'PostgreSQL')!.url;
const withQuery = (query: string) => `${tcp}${tcp.includes('?') ? '&' : '?'}${query}`;

let logger: RecordingLogger;
let server: PostgresSocket;

beforeAll(async () => {
  server = await postgresSocket();
});

afterAll(() => server.stop());

beforeEach(() => {
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
  Logger.overrideLogger(false);
});

/** Connects the queue's own client like any PostgreSQL client. */
const queueAt = (url: string) => testQueue(url).name;

const start = async (options: BullmqInboxOptions) => {
  const handled: string[] = [];
  const provider = handlerOf('one', ({ type }) => void handled.push(type));
  const inbox = bullmqInbox(options);
  const { origin } = await startApp(
    { imports: [staticWebhooks({ inbox })], providers: [provider] },
    { adapter: ADAPTERS[0], options: { logger } },
  );
  return { origin, handled };
};

async function expectHandled(options: BullmqInboxOptions): Promise<void> {
  const { origin, handled } = await start(options);
  expect(await deliver(origin)).toMatchObject(ACCEPTED);
  await until(() => handled.length > 0);
  expect(logger.of('warn').filter((line) => line.includes('store'))).toEqual([]);
}

describe('a URL of a PostgreSQL socket', () => {
  it.each<[string, (at: PostgresSocket, encoded: string, user: string) => string]>([
    ['host as a parameter', (at, _, user) => `postgres://${user}@/${at.database}?host=${at.directory}&port=${at.port}`],
    ['host encoded', (at, encoded, user) => `postgres://${user}@${encoded}:${at.port}/${at.database}`],
    [
      'everything as parameters',
      (at) =>
        `postgresql:///${at.database}?host=${at.directory}&port=${at.port}&user=${at.user}&password=${at.password}`,
    ],
    ['socket', (at, _, user) => `socket://${user}@${at.directory}?db=${at.database}&port=${at.port}`],
    [
      'socket without a user',
      (at) => `socket:${at.directory}?db=${at.database}&port=${at.port}&user=${at.user}&password=${at.password}`,
    ],
  ])('delivers events to handlers: %s', async (_what, urlOf) => {
    const { directory, user, password } = server;
    const url = urlOf(server, encodeURIComponent(directory), password === '' ? user : `${user}:${password}`);
    await expectHandled({ url, queueName: queueAt(url) });
  });

  it('works for the secret store as well', async () => {
    const { directory, port, user, password, database } = server;
    const url = `postgres://${user}${password && `:${password}`}@/${database}?host=${directory}&port=${port}`;
    const store = bullmqSecretStore({ url })({ registration: 'default', keys: ['a key'] });

    expect(await store.load('none')).toEqual([]);
    await store.close?.();
  });
});

describe('a URL with parameters', () => {
  it.each([
    'options=-c%20search_path%3Dapp',
    'options=-c%20search_path%3Dapp%20-c%20lock_timeout%3D5s',
    'application_name=orders',
    'statement_timeout=60000',
    'query_timeout=60000',
    'sslmode=disable',
    'schema=app&connection_limit=2',
    'options=-c%20search_path%3Dapp&application_name=orders&statement_timeout=5000&sslmode=disable',
  ])('delivers events to handlers: %s', async (query) => {
    const url = withQuery(query);
    await expectHandled({ url, queueName: queueAt(tcp) });
  });

  it.each<[string, (url: string) => Pool]>([
    ['its options', (url) => new Pool({ connectionString: url, options: '-c search_path=app' })],
    ['its URL', () => new Pool({ connectionString: withQuery('options=-c%20search_path%3Dapp') })],
  ])('is equivalent to a pool with them in %s', async (_where, makePool) => {
    const connection = makePool(tcp);
    await expectHandled({ connection, queueName: queueAt(tcp) });
    await connection.end();
  });

  it.each([
    ['sslrootcert=/not/there.pem', /url: pg cannot use it: .*ENOENT/],
    ['sslnegotiation=fast', /url: pg cannot use it: Invalid sslnegotiation/],
  ])("stops the app with the driver's reason: %s", async (query, reason) => {
    await expect(start({ url: withQuery(query) })).rejects.toThrow(reason);
  });
});

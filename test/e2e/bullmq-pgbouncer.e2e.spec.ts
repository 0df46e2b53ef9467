import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Client, Pool } from 'pg';
import { bullmqSecretStore, type BullmqInboxOptions } from '../../lib/bullmq/index.js';
import { newSecret } from '../contract/secret-store.contract.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { handlerOf, inboxOn, removeTestQueues, testQueue } from '../support/durable.js';
import { PGBOUNCER_PATH, PgBouncer } from '../support/pgbouncer.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { secretPlace } from '../support/secret-stores.js';
import { deliver, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

const REFUSAL = 'The inbox store is unavailable: ';

const behindPgBouncer = PGBOUNCER_PATH === undefined ? describe.skip : describe;

behindPgBouncer.each(STORES.filter(({ name }) => name === 'PostgreSQL'))('$name behind PgBouncer', ({ url }) => {
  let bouncer: PgBouncer;
  let logger: RecordingLogger;

  beforeEach(() => {
    bouncer = new PgBouncer();
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
  });

  afterEach(async () => {
    await closeApps();
    await bouncer.stop();
    Logger.overrideLogger(false);
    await removeTestQueues();
  });

  const start = (options: BullmqInboxOptions, heard: string[] = []) => {
    const handler = handlerOf('heard', ({ type }) => heard.push(type));
    const inbox = inboxOn(testQueue(url), { url: undefined, ...options });
    return startApp(
      { imports: [staticWebhooks({ inbox })], providers: [handler] },
      { adapter: ADAPTERS[0], options: { logger } },
    );
  };
  const refusal = async () => {
    await until(() => logger.of('warn').some((line) => line.includes(REFUSAL)), { withinMs: 15_000 });
    return logger.of('warn').filter((line) => line.includes(REFUSAL));
  };
  /** Settings that other clients of the same pool see. */
  const ask = async (sql: string) => {
    const client = new Client({ connectionString: bouncer.url });
    await client.connect();
    const { rows } = await client.query<Record<string, string>>(sql);
    await client.end();
    return rows;
  };

  it.each([
    ['by URL', () => ({ url: bouncer.url })],
    ['by URL with a timeout', () => ({ url: `${bouncer.url}?statement_timeout=5000` })],
    ["by the app's pool", () => ({ connection: new Pool({ connectionString: bouncer.url }) })],
  ])('works in session mode without any setting: %s', async (_how, connection) => {
    await bouncer.start(url, { pool_mode: 'session', default_pool_size: '40' });
    const heard: string[] = [];
    const { origin } = await start(connection(), heard);

    expect(await deliver(origin)).toMatchObject({ status: 202 });
    await until(() => heard.length === 1);
    expect(logger.of('warn')).toEqual([]);
  });

  it('stores signing secrets in session mode and notifies watchers', async () => {
    await bouncer.start(url, { pool_mode: 'session' });
    const place = secretPlace(url);
    const open = () =>
      bullmqSecretStore({ prefix: place.prefix })({ registration: 'default', keys: ['key'], inboxUrl: bouncer.url });
    const [one, other] = [open(), open()];
    try {
      let notified = 0;
      await one.save('orders', []);
      await one.watch!('orders', () => (notified += 1));
      await until(() => notified > 0);
      const secrets = [newSecret()];
      await other.save('orders', secrets);
      await until(() => notified > 1);
      expect(await one.load('orders')).toEqual(secrets);
    } finally {
      await Promise.all([one.close!(), other.close!()]);
      await place.remove();
    }
  });

  it('names the refused connection option and the PgBouncer setting that allows it', async () => {
    await bouncer.start(url, { pool_mode: 'session' });
    await start({ url: `${bouncer.url}?options=-c%20work_mem%3D8MB` });

    expect(await refusal()).toEqual([
      expect.stringMatching(/PgBouncer refuses "options"\. .*ignore_startup_parameters = options.*ALTER ROLE/),
    ]);
  });

  it.each([
    ['transaction', {}],
    ['transaction', { ignore_startup_parameters: 'options, statement_timeout' }],
    ['statement', {}],
  ])(
    'is rejected in %s mode with the reason, and leaks no setting to other clients: %j',
    async (pool_mode, settings) => {
      await bouncer.start(url, { pool_mode, ...settings });
      const { origin } = await start({ url: bouncer.url });

      expect(await refusal()).toEqual([expect.stringContaining('Set pool_mode = session')]);
      expect(await deliver(origin)).toMatchObject({ status: 503 });
      expect(await ask('SHOW statement_timeout')).toEqual([{ statement_timeout: '0' }]);
      expect((await ask('SHOW search_path'))[0]!['search_path']).not.toContain('bullmq');
    },
  );

  it('is rejected in transaction mode for signing secrets as well', async () => {
    await bouncer.start(url, { pool_mode: 'transaction' });
    const host = { registration: 'default', keys: ['key'], inboxUrl: bouncer.url };
    const store = bullmqSecretStore({ prefix: `pooled-${randomUUID()}` })(host);

    await expect(store.load('orders')).rejects.toThrow('Set pool_mode = session');
    await store.close!();
  });
});

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { runMigrations } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { bullmqInbox, bullmqSecretStore } from '../../lib/bullmq/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const [{ url }] = STORES.filter(({ name }) => name === 'PostgreSQL') as [(typeof STORES)[number]];

jest.setTimeout(60_000);

describe('a PostgreSQL role with few rights', () => {
  let admin: Client;
  let logger: RecordingLogger;
  let schema: string;
  let role: string;
  let roleUrl: string;
  let database: string;

  beforeEach(async () => {
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
    const id = randomUUID().replaceAll('-', '').slice(0, 12);
    schema = `rights_${id}`;
    role = `app_${id}`;
    admin = new Client({ connectionString: url });
    await admin.connect();
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'few'`);
    database = (await admin.query<{ name: string }>('SELECT current_database() AS name')).rows[0]!.name;
    const limited = new URL(url);
    limited.username = role;
    limited.password = 'few';
    roleUrl = limited.href;
  });

  afterEach(async () => {
    await closeApps();
    Logger.overrideLogger(false);
    await admin.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await admin.end();
  });

  const start = async () => {
    const inbox = bullmqInbox({ url: roleUrl, prefix: schema, queueName: 'rights', workers: false });
    return startApp({ imports: [staticWebhooks({ inbox })] }, { adapter: ADAPTERS[0], options: { logger } });
  };
  const trouble = async () => {
    await until(() => logger.of('warn').some((line) => line.includes('The inbox store is unavailable')));
    return logger.of('warn').find((line) => line.includes('The inbox store is unavailable'))!;
  };
  const useOnly = () =>
    admin.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role};
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role};
      GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role}`);

  it('needs no CREATE privilege when the schema is up to date', async () => {
    await runMigrations(admin, schema);
    await useOnly();
    const { origin } = await start();

    expect(await deliver(origin)).toMatchObject({ status: 202 });
    expect(logger.of('warn')).toEqual([]);
  });

  it('needs no privilege on the database when it owns the schema', async () => {
    await admin.query(`CREATE SCHEMA ${schema} AUTHORIZATION ${role}`);
    const { origin } = await start();

    expect(await deliver(origin)).toMatchObject({ status: 202 });
    expect(logger.of('warn')).toEqual([]);
  });

  it('is named with the privilege that it lacks to create the schema', async () => {
    await start();

    expect(await trouble()).toContain(
      `The inbox store is unavailable: The PostgreSQL role "${role}" may not create the schema "${schema}" ` +
        `(permission denied for database ${database}): it needs CREATE on the database "${database}". ` +
        'Grant it, or migrate with a role that has it and set migrate: false.',
    );
  });

  it('is named with the privilege that it lacks to migrate an empty schema', async () => {
    await admin.query(`CREATE SCHEMA ${schema}; GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
    await start();

    expect(await trouble()).toMatch(
      new RegExp(
        `"${role}" may not migrate the schema "${schema}" to version \\d+ \\(permission denied for schema ${schema}\\): it needs CREATE on the schema "${schema}"`,
      ),
    );
    expect(await trouble()).toContain('set migrate: false');
  });

  it('is named with the privilege that it lacks to migrate an older schema', async () => {
    await runMigrations(admin, schema);
    await useOnly();
    await admin.query(`DELETE FROM ${schema}.migration WHERE version = (SELECT max(version) FROM ${schema}.migration)`);
    await start();

    expect(await trouble()).toMatch(
      new RegExp(`"${role}" may not migrate the schema "${schema}" from version \\d+ to \\d+ \\(.*\\): it needs`),
    );
    expect(await trouble()).toContain('to own its tables');
  });

  it('is named with the privileges that it lacks to use a schema', async () => {
    await runMigrations(admin, schema);
    await start();

    expect(await trouble()).toContain(
      `The inbox store is unavailable: The PostgreSQL role "${role}" may not use the schema "${schema}" ` +
        `(permission denied for schema ${schema}): it needs USAGE on it, SELECT, INSERT, UPDATE and DELETE on its tables, ` +
        'USAGE on its sequences and EXECUTE on its functions. Grant them.',
    );
  });

  it.each([
    ['no schema', '', () => `may not create the .* CREATE on the database "${database}".*set migrate: false`],
    ['a schema that is not its own', '', () => `may not use the schema "${schema}" .* USAGE on it`],
    ['no table', 'USAGE', () => `may not create the .* CREATE on the schema "${schema}".*set migrate: false`],
  ])('is named with the privilege that it lacks for signing secrets: %s', async (what, right, message) => {
    if (what !== 'no schema') await admin.query(`CREATE SCHEMA ${schema}`);
    if (right) await admin.query(`GRANT ${right} ON SCHEMA ${schema} TO ${role}`);
    const host = { registration: 'default', keys: ['key'], inboxUrl: roleUrl };
    const store = bullmqSecretStore({ prefix: schema })(host);

    await expect(store.load('orders')).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(new RegExp(`"${role}" ${message()}`)),
    });
    await store.close!();
  });
});

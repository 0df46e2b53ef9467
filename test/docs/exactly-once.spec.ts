import type { Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { drizzle, NodePgDatabase } from 'drizzle-orm/node-postgres';
import { readFileSync } from 'node:fs';
import { Pool } from 'pg';
import { claimsTableSql } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { claimsOnPostgres, type ClaimsDatabase } from '../support/claims-databases.js';
import { cli } from '../support/cli.js';
import { deliver, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';
import { closeSinks, startSink } from '../support/webhook-sink.js';
import { ExamplePage } from './support/example-page.js';
import { typedCommands } from './support/typed-commands.js';

const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/exactly-once.md');
let database: ClaimsDatabase<Pool>;

beforeEach(async () => {
  database = await claimsOnPostgres();
});

afterEach(async () => {
  await closeApps();
  await closeSinks();
  await database.remove();
});

describe('docs/exactly-once.md', () => {
  page.example(
    'The recipe',
    'prints the table',
    async (example) => {
      const [command] = await typedCommands(example.text());

      expect(command!.program).toBe('npx');
      expect(await cli(command!.args.slice(1))).toMatchObject({ code: 0, out: claimsTableSql('postgres').trimEnd() });
    },
    { language: 'sh' },
  );

  page.example('The recipe', 'has its effect once although the app restarts', async (example) => {
    await database.pool.query('CREATE TABLE invoices (batch text)');
    const { Invoices } = await example.run<{ Invoices: Type }>();
    const providers = [Invoices, { provide: NodePgDatabase, useFactory: () => drizzle({ client: database.pool }) }];
    for (let start = 1; start <= 2; start += 1) {
      const { origin } = await startApp({ imports: [staticWebhooks()], providers }, { adapter });
      expect(await deliver(origin)).toMatchObject(PROCESSED);
      await closeApps();
    }

    expect((await database.pool.query('SELECT batch FROM invoices')).rows).toEqual([{ batch: 'batch_1' }]);
  });

  page.example('Effects outside the database', 'sends the same key for every delivery', async (example) => {
    const sink = await startSink();
    const { Payments } = await example.run<{ Payments: Type }>({
      replace: { 'https://payments.example.com/charges': sink.url },
    });
    for (let start = 1; start <= 2; start += 1) {
      const { origin } = await startApp({ imports: [staticWebhooks()], providers: [Payments] }, { adapter });
      await deliver(origin);
      await closeApps();
    }
    const keys = sink.received.map(({ headers }) => (headers as Record<string, string>)['idempotency-key']);

    expect(keys).toEqual([expect.stringContaining('batch'), keys[0]]);
  });

  page.example('Pruning', 'deletes what is older than 30 days', async (example) => {
    const { ClaimsPruning } = await example.run<{ ClaimsPruning: Type<{ prune(): Promise<number> }> }>();
    const providers = [ClaimsPruning, { provide: Pool, useValue: database.pool }];
    const { app } = await startApp({ imports: [staticWebhooks()], providers }, { adapter });
    await database.pool.query(
      "INSERT INTO gemini_webhook_claims VALUES ('old', now() - interval '31 days'), ('new', now() - interval '29 days')",
    );

    expect(await app.get(ClaimsPruning).prune()).toBe(1);
  });

  it('names only clients that a test has tried', () => {
    const tried = readFileSync('test/package/databases.spec.ts', 'utf8');
    const rows = readFileSync('docs/exactly-once.md', 'utf8').matchAll(/^\| ([\w .,:-]+) \| .*`.* \|$/gm);
    const clients = [...rows].flatMap(([, client]) => client!.split(', '));

    expect(clients).toHaveLength(12);
    expect(clients.filter((client) => !new RegExp(`'${client}( on |'|, |/)`).test(tried))).toEqual([]);
  });

  page.everyExampleIsRun();
});

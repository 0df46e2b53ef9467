import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { AppProcess, killAppProcesses } from './support/app-process.js';
import { Journal } from './support/journal.js';
import { timed } from './support/load.js';

const CLOSES = 6;
const APPS = 3;
/** Maximum time for closing while only the store is slow. */
const CLOSE_MS = 8_000;

jest.setTimeout(120_000);

describe('PostgreSQL closing connections while an app shuts down', () => {
  const server = STORES.find(({ name }) => name === 'PostgreSQL')!.url;
  const database = `gw_${randomUUID().replaceAll('-', '')}`;
  let client: Client;
  let journal: Journal;

  beforeEach(async () => {
    journal = new Journal();
    client = new Client({ connectionString: server });
    await client.connect();
    await client.query(`CREATE DATABASE "${database}"`);
  });

  afterEach(async () => {
    await killAppProcesses();
    await client.query(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
    await client.end();
    journal.remove();
  });

  const terminateAll = () =>
    client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database]);

  it('crashes no process', async () => {
    const url = new URL(server);
    url.pathname = database;
    const codes: unknown[] = [];
    for (let round = 0; round < CLOSES / APPS; round += 1) {
      const apps = await Promise.all(
        Array.from({ length: APPS }, () => AppProcess.start({ journal, inbox: { url: url.href } })),
      );
      for (const app of apps) await until(async () => (await timed(app.origin, `batch_${app.pid}`)).status === 202);
      const exits = Promise.all(apps.map((app) => app.close()));
      while (apps.some(({ alive }) => alive)) await terminateAll();
      for (const { code, afterMs } of await exits) {
        codes.push(code);
        expect(afterMs).toBeLessThan(CLOSE_MS);
      }
    }

    expect(journal.uncaught()).toEqual([]);
    expect(codes).toEqual(Array.from({ length: CLOSES }, () => 0));
  });
});

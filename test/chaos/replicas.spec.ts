import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { dropSchema } from '../support/drop-schema.js';
import { drained, openQueue, type InspectedQueue } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { AppProcess, killAppProcesses, type AppConfig } from './support/app-process.js';
import { times } from './support/counts.js';
import { Journal } from './support/journal.js';
import { each, idsOf, timed } from './support/load.js';

const PROCESSES = 4;
const COPIES = times(8, 40);
const EVENTS = times(40, 500);
const STARTED = times(5, 10);

jest.setTimeout(400_000);

describe.each(STORES)(`${PROCESSES} processes on $name`, ({ url }) => {
  let journal: Journal;
  let queue: InspectedQueue;

  beforeEach(() => {
    journal = new Journal();
  });

  afterEach(async () => {
    await killAppProcesses();
    await queue.close();
    journal.remove();
  });

  it(`accept ${COPIES} simultaneous copies of each of ${EVENTS} events and run each handler once per event`, async () => {
    const queueName = `replicas-${randomUUID()}`;
    queue = openQueue(url, queueName);
    const inbox = { url, queueName, backoff: { type: 'fixed', delay: 50 } };
    const apps = await Promise.all(Array.from({ length: PROCESSES }, () => AppProcess.start({ journal, inbox })));
    for (const { origin } of apps) await until(async () => (await timed(origin, 'batch_0')).status === 202);
    const ids = idsOf(EVENTS);
    const statuses: number[] = [];
    await each(ids, 2, (id) =>
      Promise.all(
        Array.from({ length: COPIES }, async (_one, copy) => {
          statuses.push((await timed(apps[copy % PROCESSES]!.origin, id)).status);
        }),
      ),
    );
    await drained(queue);

    expect(statuses).toHaveLength(EVENTS * COPIES);
    expect(statuses.filter((status) => status !== 202)).toEqual([]);
    const once = new Map(['batch_0', ...ids].map((id) => [id, 1]));
    expect(journal.counts('done', 'steady')).toEqual(once);
    expect(journal.counts('started', 'steady')).toEqual(once);
    expect(journal.counts('done', 'flaky')).toEqual(once);
    expect(await queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: EVENTS + 1 });
  });
});

describe(`${STARTED} processes that start at once on a missing PostgreSQL schema`, () => {
  const connectionString = STORES.find(({ name }) => name === 'PostgreSQL')!.url;
  const schema = `gw_${randomUUID().replaceAll('-', '')}`;
  let client: Client;

  beforeEach(async () => {
    client = new Client({ connectionString });
    await client.connect();
  });

  afterEach(async () => {
    await killAppProcesses();
    await client.end();
    await dropSchema(connectionString, schema);
  });

  it('all become ready and run each migration once', async () => {
    const journal = new Journal();
    const config: AppConfig = { journal, inbox: { url: connectionString, prefix: schema } };
    const apps = await Promise.all(Array.from({ length: STARTED }, () => AppProcess.start(config)));
    await Promise.all(
      apps.map(({ origin }, index) => until(async () => (await timed(origin, `batch_${index}`)).status === 202)),
    );
    await until(() => journal.counts('done', 'steady').size === apps.length);
    expect(journal.uncaught()).toEqual([]);
    journal.remove();

    const { rows } = await client.query<{ version: number }>(`SELECT version FROM "${schema}".migration`);
    const versions = rows.map(({ version }) => version);
    expect(versions.length).toBeGreaterThan(0);
    expect(new Set(versions).size).toBe(versions.length);
  });
});

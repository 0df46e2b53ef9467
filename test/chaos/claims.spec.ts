import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomInt, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { claimsOnPostgres, type ClaimsDatabase } from '../support/claims-databases.js';
import { drained, openQueue, type InspectedQueue } from '../support/queues.js';
import { deliver } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { AppProcess, killAppProcesses, type ClaimsConfig } from './support/app-process.js';
import { times } from './support/counts.js';
import { Journal } from './support/journal.js';
import { each, idsOf, timed } from './support/load.js';

const EVENTS = times(40, 200);
const KILLS = times(3, 12);
const ALL = ['pg', 'drizzle', 'kysely'] as const;
type Clients = readonly (typeof ALL)[number][];
const CLIENTS: Readonly<Record<string, Clients>> = {
  PostgreSQL: times<Clients>(['pg', 'drizzle'], ALL),
  Redis: times<Clients>(['kysely'], ALL),
};

jest.setTimeout(400_000);

describe.each(STORES)('effects of workers that are killed by SIGKILL, on $name', ({ name, url }) => {
  let journal: Journal;
  let queue: InspectedQueue;
  let database: ClaimsDatabase<Pool>;
  let worker: Omit<ClaimsConfig, 'client' | 'claims'>;
  let web: AppProcess;

  beforeEach(async () => {
    journal = new Journal();
    database = await claimsOnPostgres();
    const queueName = `claims-${randomUUID()}`;
    queue = openQueue(url, queueName);
    const inbox = { url, queueName, lockDurationMs: 500, backoff: { type: 'fixed', delay: 50 }, attempts: 10 };
    worker = { journal, database: database.url, inbox: { ...inbox, concurrency: 8 } };
    web = await AppProcess.start({ journal, inbox: { ...inbox, workers: false } });
    await until(async () => (await deliver(web.origin, { id: 'batch_0' })).status === 202);
  });

  afterEach(async () => {
    await killAppProcesses();
    await queue.close();
    await database.remove();
    journal.remove();
  });

  /**
   * Kills a worker once it has committed and before it can say so, then others at random points. Returns the number of effects
   * of each event.
   */
  const effectsOf = async (ids: string[], config: Pick<ClaimsConfig, 'client' | 'claims'>) => {
    await each(ids, 8, (id) => timed(web.origin, id));
    const holding = await AppProcess.startClaiming({ ...worker, ...config, holds: true });
    await until(() => journal.entries('committed').length > 0);
    await holding.end('SIGKILL');
    for (let kill = 2; kill <= KILLS; kill += 1) {
      const running = await AppProcess.startClaiming({ ...worker, ...config });
      // A run leaves four notes. The last worker finds some events that no other has begun.
      const point = randomInt(1, Math.floor((4 * ids.length) / KILLS));
      await until(() => journal.entries().filter(({ pid }) => pid === running.pid).length >= point);
      await running.end('SIGKILL');
    }
    await AppProcess.startClaiming({ ...worker, ...config });
    await drained(queue);
    return database.effects();
  };

  it.each(CLIENTS[name]!)(
    `${KILLS} times happen once for each of ${EVENTS} events if %s claims them`,
    async (client) => {
      const ids = idsOf(EVENTS);
      const effects = await effectsOf(ids, { client, claims: true });

      expect(effects).toEqual(Object.fromEntries(['batch_0', ...ids].map((id) => [id, 1])));
      expect(journal.entries('claimed before').length).toBeGreaterThan(0);
      expect(await queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: EVENTS + 1 });
    },
  );

  it('happen twice for some event that nobody claims', async () => {
    const effects = Object.values(await effectsOf(idsOf(EVENTS), { client: 'pg', claims: false }));

    expect(effects).toHaveLength(EVENTS + 1);
    expect(effects.filter((count) => count > 1)).not.toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { PoolClient } from 'pg';
import { GeminiFailedEvents, pruneClaims, type GeminiHandlerContext } from '../../lib/index.js';
import { HandlerRunContext } from '../../lib/handlers/handler-context.js';
import { ADAPTERS, closeApps, startApp, type RunningApp } from '../support/apps.js';
import { claimsOnMysql, claimsOnPostgres, MYSQL_URL, type ClaimsDatabase } from '../support/claims-databases.js';
import { deliveryOf } from '../support/deliveries.js';
import {
  deliverUntilTaken,
  handlerOf,
  inboxOn,
  removeTestQueues,
  testQueue,
  type TestQueue,
} from '../support/durable.js';
import { drained } from '../support/queues.js';
import { deliver, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const [adapter] = ADAPTERS;
const { delivery } = deliveryOf().event;

jest.setTimeout(60_000);

/** One run of the handler `bill`. */
function run(): GeminiHandlerContext {
  return new HandlerRunContext('bill', 1, delivery);
}

/** A transaction that the test ends. */
interface OpenTransaction {
  readonly tx: object;
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>;
}

describe('an effect that is claimed in a transaction of PostgreSQL', () => {
  let database: ClaimsDatabase<import('pg').Pool>;
  let claimed: boolean[];
  let isBroken: boolean;

  beforeEach(async () => {
    database = await claimsOnPostgres();
    claimed = [];
    isBroken = true;
  });

  afterEach(async () => {
    await closeApps();
    await removeTestQueues();
    await database.remove();
  });

  /** Commits its effect, and fails afterwards while `isBroken`. */
  const bill = () =>
    handlerOf('bill', async ({ data }, context) => {
      await inTransaction(database, async (tx) => {
        const isNew = await context.claim(tx);
        claimed.push(isNew);
        if (isNew) await tx.query('INSERT INTO effects VALUES ($1)', [(data as { id: string }).id]);
      });
      if (isBroken) throw new Error('after the commit');
    });

  describe('on the inline inbox', () => {
    const start = () => startApp({ imports: [staticWebhooks()], providers: [bill()] }, { adapter });

    it('happens once although the handler fails after its commit and Google sends the event again', async () => {
      const { origin } = await start();
      expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
      isBroken = false;
      expect(await deliver(origin)).toMatchObject(PROCESSED);

      expect(claimed).toEqual([true, false]);
      expect(await database.effects()).toEqual({ batch_1: 1 });
    });

    it('happens once although the app restarts and forgets what it has handled', async () => {
      isBroken = false;
      expect(await deliver((await start()).origin)).toMatchObject(PROCESSED);
      await closeApps();
      expect(await deliver((await start()).origin)).toMatchObject(PROCESSED);

      expect(claimed).toEqual([true, false]);
      expect(await database.effects()).toEqual({ batch_1: 1 });
    });
  });

  describe.each(STORES)('on the inbox on $name', ({ url }) => {
    let queue: TestQueue;
    let app: RunningApp;
    let failed: GeminiFailedEvents;

    beforeEach(async () => {
      queue = testQueue(url);
      app = await startApp(
        { imports: [staticWebhooks({ inbox: inboxOn(queue, { attempts: 2 }) })], providers: [bill()] },
        { adapter },
      );
      failed = app.app.get(GeminiFailedEvents);
    });

    it('happens once over retries', async () => {
      await deliverUntilTaken(app.origin);
      await until(async () => (await failed.list().catch(() => [])).length === 1);

      expect(claimed).toEqual([true, false]);
      expect(await database.effects()).toEqual({ batch_1: 1 });
    });

    it.each([
      ['failed', [true, false, false], 1],
      ['start', [true, false, true], 2],
    ] as const)('is claimed by a replay from %s as %j', async (from, expected, effects) => {
      await deliverUntilTaken(app.origin);
      await until(async () => (await failed.list().catch(() => [])).length === 1);
      isBroken = false;
      await failed.replay((await failed.list())[0]!.id, { from });
      await until(() => claimed.length === 3);
      await drained(queue.queue);

      expect(claimed).toEqual(expected);
      expect(await database.effects()).toEqual({ batch_1: effects });
    });
  });

  describe('by two runs at the same time', () => {
    const begin = async (): Promise<OpenTransaction> => {
      const tx = await database.pool.connect();
      await tx.query('BEGIN');
      return {
        tx,
        end: async (how) => {
          await tx.query(how);
          tx.release();
        },
      };
    };
    waitsForTheOther(() => ({ begin, isOneWaiting: () => database.isOneWaiting() }));
  });

  it('can be claimed again once its claim is pruned', async () => {
    const claim = () => inTransaction(database, (tx) => run().claim(tx));

    expect([await claim(), await claim()]).toEqual([true, false]);
    expect(await pruneClaims(database.pool, 3_600_000)).toBe(0);
    expect(await pruneClaims(database.pool, new Date(Date.now() + 3_600_000))).toBe(1);
    expect(await claim()).toBe(true);
  });

  it('says which table is missing', async () => {
    await database.pool.query('DROP TABLE gemini_webhook_claims');

    await expect(inTransaction(database, (tx) => run().claim(tx))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('npx nestjs-gemini-webhooks sql'),
    });
  });

  it('is refused on a connection that has not begun one', async () => {
    const client = await database.pool.connect();

    await expect(run().claim(client)).rejects.toMatchObject({ code: 'invalid_argument' });
    client.release();
    expect(await pruneClaims(database.pool, new Date(Date.now() + 3_600_000))).toBe(0);
  });
});

(MYSQL_URL ? describe : describe.skip).each([
  ['with FOUND_ROWS', ['FOUND_ROWS']],
  ['without FOUND_ROWS', ['-FOUND_ROWS']],
])('an effect that is claimed in a transaction of MySQL or MariaDB, %s', (_name, flags) => {
  let database: ClaimsDatabase<import('mysql2/promise').Pool>;

  beforeEach(async () => {
    database = await claimsOnMysql(flags);
  });

  afterEach(() => database.remove());

  const begin = async (): Promise<OpenTransaction> => {
    const tx = await database.pool.getConnection();
    await tx.beginTransaction();
    return {
      tx,
      end: async (how) => {
        await tx.query(how);
        tx.release();
      },
    };
  };

  it('comes again after a rollback, and not after a commit', async () => {
    const claims: boolean[] = [];
    for (const how of ['ROLLBACK', 'COMMIT', 'COMMIT'] as const) {
      const { tx, end } = await begin();
      claims.push(await run().claim(tx));
      await end(how);
    }

    expect(claims).toEqual([true, true, false]);
  });

  waitsForTheOther(() => ({ begin, isOneWaiting: () => database.isOneWaiting() }));

  it('is refused on a connection that has not begun one, and leaves no claim', async () => {
    const connection = await database.pool.getConnection();

    await expect(run().claim(connection)).rejects.toMatchObject({ code: 'invalid_argument' });
    connection.release();
    expect(await pruneClaims(database.pool, new Date(Date.now() + 3_600_000))).toBe(0);
  });

  it('takes a connection without autocommit, which is always in one', async () => {
    const connection = await database.pool.getConnection();
    await connection.query('SET autocommit = 0');

    expect(await run().claim(connection)).toBe(true);
    await connection.rollback();
    connection.destroy();
  });

  it('is refused as the second transaction of a run without names', async () => {
    const context = run();
    const [first, second] = [await begin(), await begin()];
    await context.claim(first.tx);
    await first.end('COMMIT');

    await expect(context.claim(second.tx)).rejects.toMatchObject({ code: 'invalid_argument' });
    await second.end('ROLLBACK');
  });

  it('can be claimed again once its claim is pruned', async () => {
    const { tx, end } = await begin();
    await run().claim(tx);
    await end('COMMIT');

    expect(await pruneClaims(database.pool, 3_600_000)).toBe(0);
    expect(await pruneClaims(database.pool, new Date(Date.now() + 3_600_000))).toBe(1);
  });
});

function waitsForTheOther(
  database: () => { readonly begin: () => Promise<OpenTransaction>; readonly isOneWaiting: () => Promise<boolean> },
): void {
  it.each([
    ['COMMIT', false],
    ['ROLLBACK', true],
  ] as const)('waits for the other transaction, and after its %s says %p', async (how, expected) => {
    const { begin, isOneWaiting } = database();
    const [first, second] = [await begin(), await begin()];
    expect(await run().claim(first.tx)).toBe(true);
    const waiting = run().claim(second.tx);
    await until(isOneWaiting);
    await first.end(how);

    expect(await waiting).toBe(expected);
    await second.end('COMMIT');
  });
}

async function inTransaction<T>(
  { pool }: ClaimsDatabase<import('pg').Pool>,
  work: (tx: PoolClient) => Promise<T>,
): Promise<T> {
  const tx = await pool.connect();
  try {
    await tx.query('BEGIN');
    const result = await work(tx);
    await tx.query('COMMIT');
    return result;
  } catch (error) {
    await tx.query('ROLLBACK');
    throw error;
  } finally {
    tx.release();
  }
}

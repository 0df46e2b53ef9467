import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { Fault } from './faults.js';
import type { FaultyLine } from './faulty-line.js';
import type { OwnStore } from './own-stores.js';
import { fill } from './small-disk.js';

const KILL_EVERY_MS = 500;

type Server<Needed extends keyof OwnStore> = { readonly store: Pick<OwnStore, Needed> };
type Line = { readonly line: FaultyLine };
/** The file system of the store's own that its data are on. */
type Disk = { readonly disk: string | undefined };

/** A fault that lasts some milliseconds. */
export type StoreFault<Surroundings> = (ms: number) => Fault<Surroundings>;

export const restarted: StoreFault<Server<'start' | 'stop'>> = (ms) => ({
  name: 'server restarted',
  async happen({ store }) {
    await store.stop();
    await wait(ms);
    await store.start();
  },
});

export const crashed: StoreFault<Server<'start' | 'crash'>> = (ms) => ({
  name: 'server crashed',
  async happen({ store }) {
    await store.crash();
    await wait(ms);
    await store.start();
  },
});

export const cut: StoreFault<Line> = (ms) => ({
  name: 'connections cut',
  async happen({ line }) {
    line.cut();
    await wait(ms);
    line.open();
  },
});

export const stalled: StoreFault<Line> = (ms) => ({
  name: 'stalled',
  async happen({ line }) {
    line.stall();
    await wait(ms);
    line.open();
  },
});

/** For Redis. */
export const memoryFull: StoreFault<Server<'url'>> = (ms) => ({
  name: 'memory full',
  async happen({ store }) {
    const redis = new Redis(store.url);
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await redis.config('SET', 'maxmemory', '1mb');
    await wait(ms);
    await redis.config('SET', 'maxmemory', '0');
    redis.disconnect();
  },
});

/** For Redis. */
export const clientsKilled: StoreFault<Server<'url'>> = (ms) => ({
  name: 'its clients killed',
  async happen({ store }) {
    const redis = new Redis(store.url);
    await repeatedly(ms, async () => {
      for (const type of ['NORMAL', 'PUBSUB']) await redis.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
    });
    redis.disconnect();
  },
});

/** For PostgreSQL. */
export const backendsTerminated: StoreFault<Server<'url'>> = (ms) => ({
  name: 'pg_terminate_backend',
  async happen({ store }) {
    const client = new Client({ connectionString: store.url });
    await client.connect();
    await repeatedly(ms, () =>
      client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
      ),
    );
    await client.end();
  },
});

export const diskFull: StoreFault<Server<'start' | 'stop'> & Disk> = (ms) => ({
  name: 'disk full',
  async happen({ store, disk }) {
    const filling = join(disk!, 'filling');
    fill(filling);
    await wait(ms);
    rmSync(filling);
    // A server that found no room for its log has ended itself.
    await store.stop().catch(() => undefined);
    await store.start();
  },
});

async function repeatedly(ms: number, kill: () => Promise<unknown>): Promise<void> {
  for (let killed = 0; killed < ms; killed += KILL_EVERY_MS) {
    await kill();
    await wait(KILL_EVERY_MS);
  }
}

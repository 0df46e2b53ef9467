import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { FaultyLine } from '../../chaos/support/faulty-line.js';
import type { OwnStore } from '../../chaos/support/own-stores.js';

/** How long the store is at fault. */
const FAULT_MS = 4_000;
const KILL_EVERY_MS = 500;

/** What a fault happens to. */
export interface Faulty {
  readonly store: OwnStore;
  /** Between the apps and the store. */
  readonly line: FaultyLine;
  /** The file system of the store's own that its data are on. */
  readonly disk: string | undefined;
}

export interface Fault {
  readonly name: string;
  readonly on?: 'PostgreSQL' | 'Redis';
  readonly needsDisk?: boolean;
  /** Resolves when the store works again. */
  happen(faulty: Faulty): Promise<void>;
}

/** In the order in which they happen. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'server restarted',
    async happen({ store }) {
      await store.stop();
      await wait(FAULT_MS);
      await store.start();
    },
  },
  {
    name: 'connections cut',
    async happen({ line }) {
      line.cut();
      await wait(FAULT_MS);
      line.open();
    },
  },
  {
    name: 'stalled',
    async happen({ line }) {
      line.stall();
      await wait(FAULT_MS);
      line.open();
    },
  },
  {
    name: 'memory full',
    on: 'Redis',
    async happen({ store }) {
      const redis = new Redis(store.url);
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
      await redis.config('SET', 'maxmemory', '1mb');
      await wait(FAULT_MS);
      await redis.config('SET', 'maxmemory', '0');
      redis.disconnect();
    },
  },
  {
    name: 'its clients killed',
    on: 'Redis',
    async happen({ store }) {
      const redis = new Redis(store.url);
      await repeatedly(async () => {
        for (const type of ['NORMAL', 'PUBSUB']) await redis.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
      });
      redis.disconnect();
    },
  },
  {
    name: 'pg_terminate_backend',
    on: 'PostgreSQL',
    async happen({ store }) {
      const client = new Client({ connectionString: store.url });
      await client.connect();
      await repeatedly(() =>
        client.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        ),
      );
      await client.end();
    },
  },
  {
    name: 'disk full',
    needsDisk: true,
    async happen({ store, disk }) {
      const filling = join(disk!, 'filling');
      fill(filling);
      await wait(FAULT_MS);
      rmSync(filling);
      // A server that found no room for its log has ended itself.
      await store.stop().catch(() => undefined);
      await store.start();
    },
  },
];

/** A file system of its own, in memory, that can be filled; `undefined` where this process may not mount one. */
export function mountDisk(folder: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    return undefined;
  }
}

export function unmountDisk(folder: string): void {
  execFileSync('umount', [folder]);
}

function fill(file: string): void {
  for (const bytes of [1024 * 1024, 4096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

async function repeatedly(kill: () => Promise<unknown>): Promise<void> {
  for (let killed = 0; killed < FAULT_MS; killed += KILL_EVERY_MS) {
    await kill();
    await wait(KILL_EVERY_MS);
  }
}

import { missingPeerError } from '../../shared/missing-peer.js';

const INBOX = 'bullmqInbox';

// Bundlers resolve `import()` at build time and fail if a driver that the app does not use is not installed. They tolerate that
// only if the `import()` itself is inside a `try`: esbuild also accepts a `.catch()`, webpack and Rspack do not.

/** Loads BullMQ when an inbox first needs it. */
export async function loadBullmq(owner = INBOX, driver = 'ioredis'): Promise<typeof import('bullmq')> {
  try {
    return await import('bullmq');
  } catch (error) {
    throw missingPeerError({ name: 'bullmq', owner, install: ['bullmq', driver] }, error);
  }
}

/** Loads the Redis driver. */
export async function loadRedisDriver(owner = INBOX): Promise<Pick<typeof import('ioredis'), 'Cluster' | 'Redis'>> {
  try {
    return await import('ioredis');
  } catch (error) {
    throw missingPeerError({ name: 'ioredis', owner, install: ['bullmq', 'ioredis'] }, error);
  }
}

/** Loads the PostgreSQL driver. */
export async function loadPostgresDriver(owner = INBOX): Promise<typeof import('pg')> {
  try {
    return await import('pg');
  } catch (error) {
    throw missingPeerError({ name: 'pg', owner, install: ['bullmq', 'pg'] }, error);
  }
}

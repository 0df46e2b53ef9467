import { GeminiWebhooksError } from '../../errors.js';

const INBOX = 'bullmqInbox';

// Bundlers resolve `import()` at build time and fail if a driver that the app does not use is not installed. They tolerate that
// only if the `import()` itself is inside a `try`: esbuild also accepts a `.catch()`, webpack and Rspack do not.

/** Loads BullMQ when an inbox first needs it. */
export async function loadBullmq(owner = INBOX, driver = 'ioredis'): Promise<typeof import('bullmq')> {
  try {
    return await import('bullmq');
  } catch (error) {
    throw missingPeerError('bullmq', driver, owner, error);
  }
}

/** Loads the Redis driver. */
export async function loadRedisDriver(owner = INBOX): Promise<Pick<typeof import('ioredis'), 'Cluster' | 'Redis'>> {
  try {
    return await import('ioredis');
  } catch (error) {
    throw missingPeerError('ioredis', 'bullmq', owner, error);
  }
}

/** Loads the PostgreSQL driver. */
export async function loadPostgresDriver(owner = INBOX): Promise<typeof import('pg')> {
  try {
    return await import('pg');
  } catch (error) {
    throw missingPeerError('pg', 'bullmq', owner, error);
  }
}

/** Returns an error that says what to install if the peer is missing; otherwise the given error. */
function missingPeerError(name: string, other: string, owner: string, error: unknown): unknown {
  const { code } = error as { readonly code?: string };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return error;
  return new GeminiWebhooksError(
    'invalid_option',
    `${owner} needs "${name}", which is not installed: npm install ${[name, other].toSorted().join(' ')}`,
    { cause: error },
  );
}

import { GeminiWebhooksError } from '../errors.js';

/** BullMQ, loaded when an inbox first needs it. */
export function loadBullmq(): Promise<typeof import('bullmq')> {
  return load('bullmq', () => import('bullmq'), 'ioredis');
}

/** The Redis driver. BullMQ loads it by itself: this says what to install when it is not there. */
export async function checkRedisDriver(): Promise<void> {
  await load('ioredis', () => import('ioredis'), 'bullmq');
}

/** The PostgreSQL driver. */
export async function loadPostgresDriver(): Promise<typeof import('pg')> {
  return load('pg', () => import('pg'), 'bullmq');
}

async function load<T>(name: string, importPeer: () => Promise<T>, other: string): Promise<T> {
  try {
    return await importPeer();
  } catch (cause) {
    const missing =
      (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND' ||
      (cause as { code?: string }).code === 'MODULE_NOT_FOUND';
    if (!missing) throw cause;
    throw new GeminiWebhooksError(
      'invalid_option',
      `bullmqInbox needs "${name}", which is not installed: npm install ${[name, other].toSorted().join(' ')}`,
      { cause },
    );
  }
}

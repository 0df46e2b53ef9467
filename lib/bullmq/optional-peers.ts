import { GeminiWebhooksError } from '../errors.js';

const INBOX = 'bullmqInbox';

/** BullMQ, loaded when an inbox first needs it. */
export function loadBullmq(): Promise<typeof import('bullmq')> {
  return load('bullmq', () => import('bullmq'), 'ioredis', INBOX);
}

/** The Redis driver. BullMQ loads it by itself: this says what to install when it is not there. */
export async function checkRedisDriver(owner = INBOX): Promise<void> {
  await load('ioredis', () => import('ioredis'), 'bullmq', owner);
}

/** The PostgreSQL driver. */
export async function loadPostgresDriver(owner = INBOX): Promise<typeof import('pg')> {
  return load('pg', () => import('pg'), 'bullmq', owner);
}

async function load<T>(name: string, importPeer: () => Promise<T>, other: string, owner: string): Promise<T> {
  try {
    return await importPeer();
  } catch (cause) {
    const missing =
      (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND' ||
      (cause as { code?: string }).code === 'MODULE_NOT_FOUND';
    if (!missing) throw cause;
    throw new GeminiWebhooksError(
      'invalid_option',
      `${owner} needs "${name}", which is not installed: npm install ${[name, other].toSorted().join(' ')}`,
      { cause },
    );
  }
}

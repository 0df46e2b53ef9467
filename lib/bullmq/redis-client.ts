import type { Redis, RedisOptions } from 'ioredis';
import { REQUEST_TIMEOUT_MS } from './inbox-store.js';
import { checkRedisDriver } from './optional-peers.js';
import type { StoreTarget } from './store-target.js';

const retryStrategy = (times: number) => Math.min(50 * 2 ** times, 1_000);

/** Fails within the time that an answer has, instead of queueing up what nobody waits for any more. */
export const FAIL_FAST = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: REQUEST_TIMEOUT_MS,
  connectTimeout: REQUEST_TIMEOUT_MS,
  // A command that timed out is kept for its answer, which a silent server never gives: with the socket it goes.
  socketTimeout: REQUEST_TIMEOUT_MS,
  retryStrategy,
} satisfies RedisOptions;

/** Fails in time too, and waits within it for a connection that is being made. */
export const FAIL_IN_TIME = { ...FAIL_FAST, enableOfflineQueue: true } satisfies RedisOptions;

/** Waits for the store as long as it takes. */
export const PATIENT = {
  maxRetriesPerRequest: null,
  retryStrategy,
} satisfies RedisOptions;

/** Waits as well, and subscribes by itself: who listens must know from when on it hears. */
export const LISTENING = { ...PATIENT, autoResubscribe: false } satisfies RedisOptions;

/** How a client behaves while the server is away. */
export type RedisBehaviour = typeof FAIL_FAST | typeof FAIL_IN_TIME | typeof PATIENT | typeof LISTENING;

/** A Redis or Valkey server. */
export type RedisTarget = Extract<StoreTarget, { kind: 'redis' }>;

/**
 * What connects to the server, by URL or as the app's own client does, which is duplicated.
 *
 * @param owner who needs the driver, for the error that says that it is not installed
 */
export async function redisClients(target: RedisTarget, owner?: string): Promise<(options: RedisBehaviour) => Redis> {
  await checkRedisDriver(owner);
  const { Redis: RedisClient } = await import('ioredis');
  return (options) =>
    'client' in target
      ? // BullMQ has a prefix of its own and refuses the client's.
        target.client.duplicate({ ...options, keyPrefix: '', lazyConnect: false })
      : new RedisClient(target.url, options);
}

/** Ends a client, and so what waits for it. One that is between two attempts to connect would leave that waiting. */
export function endRedisClient(client: Redis): void {
  // To disconnect once more would leave a timer of ioredis that keeps the process for two seconds.
  if (client.status === 'end') return;
  const reconnecting = client.status === 'reconnecting';
  client.disconnect();
  if (!reconnecting) return;
  client.once('connect', () => client.disconnect());
  client.connect().catch(() => undefined);
}

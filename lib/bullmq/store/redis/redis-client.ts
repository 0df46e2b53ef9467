import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import { OPERATOR_TIMEOUT_MS, RELAY_TIMING, REQUEST_TIMEOUT_MS } from '../inbox-store.js';
import { loadRedisDriver } from '../optional-peers.js';
import type { StoreTarget } from '../store-target.js';

const retryStrategy = (times: number) => Math.min(50 * 2 ** times, 1_000);
const MAX_REDIRECTIONS = 16;

/** Fails within the time limit of an answer instead of queueing requests that no caller awaits any more. */
export const FAIL_FAST = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: REQUEST_TIMEOUT_MS,
  connectTimeout: REQUEST_TIMEOUT_MS,
  // ioredis keeps a command that timed out until its answer arrives. If the server is silent, closing the socket frees it.
  socketTimeout: REQUEST_TIMEOUT_MS,
  retryStrategy,
} satisfies RedisOptions;

/** Fails within the same limit, but waits for a connection that is being established. */
export const FAIL_FAST_QUEUED = { ...FAIL_FAST, enableOfflineQueue: true } satisfies RedisOptions;

/** Fails within an operator's time limit: one request may read many events. */
export const FOR_OPERATORS = {
  ...FAIL_FAST_QUEUED,
  commandTimeout: OPERATOR_TIMEOUT_MS,
  connectTimeout: 10_000,
  socketTimeout: OPERATOR_TIMEOUT_MS,
} satisfies RedisOptions;

/**
 * After this time without an answer to a request, a connection is dead, in milliseconds, although it may still look open: behind
 * a proxy that hangs, a worker would wait on it forever. The longest request blocks for `RELAY_TIMING.blockTimeout`.
 */
export const SILENCE_MS = RELAY_TIMING.blockTimeout + 15_000;

/** Waits for the store without a limit. */
export const RETRY_FOREVER = {
  maxRetriesPerRequest: null,
  // Overrides options of the app's own client.
  enableOfflineQueue: true,
  commandTimeout: undefined,
  socketTimeout: SILENCE_MS,
  retryStrategy,
} satisfies RedisOptions;

/** Waits without a limit for the store, but reports quickly why a connection attempt failed. */
export const STARTUP_CHECK = { ...RETRY_FOREVER, connectTimeout: REQUEST_TIMEOUT_MS } satisfies RedisOptions;

/** Waits without a limit. The subscriber resubscribes itself to know from when on it receives messages. */
export const SUBSCRIBER = { ...RETRY_FOREVER, autoResubscribe: false } satisfies RedisOptions;

/** Options for a client's behaviour during an outage of the server. */
export type RedisBehaviour =
  | typeof FAIL_FAST
  | typeof FAIL_FAST_QUEUED
  | typeof FOR_OPERATORS
  | typeof RETRY_FOREVER
  | typeof STARTUP_CHECK
  | typeof SUBSCRIBER;

/** A client of one server or of a cluster. */
export type RedisClient = Redis | Cluster;

/** A Redis or Valkey server, or a cluster of them. */
export type RedisTarget = Extract<StoreTarget, { kind: 'redis' }>;

export function isCluster(client: RedisClient): client is Cluster {
  return client.isCluster;
}

/**
 * Returns a function that connects by URL, or duplicates the app's own client.
 *
 * @param owner name of the function that needs the driver, for the error if it is not installed
 */
export async function redisClients(
  target: RedisTarget,
  owner?: string,
): Promise<(options: RedisBehaviour) => RedisClient> {
  const { Redis: SingleClient } = await loadRedisDriver(owner);
  return (options) => {
    if ('url' in target) return onlyInItsDatabase(new SingleClient(target.url, options));
    const { client } = target;
    return isCluster(client)
      ? client.duplicate([], clusterOptions(options))
      : onlyInItsDatabase(client.duplicate({ ...options, ...INHERIT_NO_KEYS, lazyConnect: false }));
  };
}

/** BullMQ has its own key prefix and rejects a client with one. */
const INHERIT_NO_KEYS = { keyPrefix: '' };

/** Splits a server's options into those of the cluster and those of its nodes, which do not reconnect by themselves. */
function clusterOptions({ enableOfflineQueue, retryStrategy: delayOf, ...node }: RedisBehaviour) {
  return {
    ...INHERIT_NO_KEYS,
    redisOptions: { ...node, ...INHERIT_NO_KEYS },
    enableOfflineQueue,
    // With the check, `connect` never settles on a cluster that is not ready yet, and BullMQ's workers wait for it.
    enableReadyCheck: false,
    clusterRetryStrategy(this: Cluster, times: number, reason?: Error) {
      // The only place that reports an unknown host name.
      if (reason && this.listenerCount('error') > 0) this.emit('error', reason);
      return delayOf(times);
    },
    // A replica may lag behind the latest write.
    scaleReads: 'master',
    lazyConnect: false,
    // While a replica takes over, each redirection is a pause of 100 ms.
    maxRedirections: node.maxRetriesPerRequest === null ? Infinity : MAX_REDIRECTIONS,
    retryDelayOnMoved: 20,
  } satisfies ClusterOptions;
}

/** Ends a client that could not select its database: ioredis reports that and then continues in database 0. */
export function onlyInItsDatabase<Client extends RedisClient>(client: Client): Client {
  client.on('error', ({ command }: { readonly command?: { readonly name?: string } }) => {
    if (command?.name === 'select') endRedisClient(client);
  });
  return client;
}

/** Ends a client and its pending requests. Between two connection attempts, `disconnect` alone would leave them pending. */
export function endRedisClient(client: RedisClient): void {
  // A second disconnect would leave an ioredis timer that keeps the process alive for two seconds.
  if (client.status === 'end') return;
  const reconnecting = client.status === 'reconnecting';
  client.disconnect();
  if (!reconnecting) return;
  // A cluster can only disconnect after it has its first node.
  if (isCluster(client)) client.once('+node', () => process.nextTick(() => client.disconnect()));
  else client.once('connect', () => client.disconnect());
  client.connect().catch(() => undefined);
}

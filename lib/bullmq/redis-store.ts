import type { Redis, RedisOptions } from 'ioredis';
import { REQUEST_TIMEOUT_MS, type InboxStore } from './inbox-store.js';
import { checkRedisDriver, loadBullmq } from './optional-peers.js';
import { redisWarnings } from './redis-warnings.js';

const retryStrategy = (times: number) => Math.min(50 * 2 ** times, 1_000);

/** Fails within the time that an answer has, instead of queueing up what nobody waits for any more. */
const FAIL_FAST = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: REQUEST_TIMEOUT_MS,
  connectTimeout: REQUEST_TIMEOUT_MS,
  // A command that timed out is kept for its answer, which a silent server never gives: with the socket it goes.
  socketTimeout: REQUEST_TIMEOUT_MS,
  retryStrategy,
} satisfies RedisOptions;

/** Waits for the store as long as it takes. */
const PATIENT = {
  maxRetriesPerRequest: null,
  retryStrategy,
} satisfies RedisOptions;

/** Redis and Valkey, by URL or by the app's own client, which is duplicated and never closed. */
export async function redisStore(
  target: { readonly url: string } | { readonly client: Redis },
  prefix: string | undefined,
): Promise<InboxStore> {
  await checkRedisDriver();
  const { Queue, Relay, Worker } = await loadBullmq();
  const { Redis: RedisClient } = await import('ioredis');
  const clients = new Set<Redis>();
  let closed = false;
  const keep = (client: Redis): Redis => {
    client.on('error', () => undefined);
    clients.add(client);
    // BullMQ blocks on a copy, and while the server is down it neither closes nor gives up that one.
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (override) => keep(duplicate(override));
    return client;
  };
  const connect = (options: typeof FAIL_FAST | typeof PATIENT): Redis => {
    // Nobody would end it: BullMQ does not close a client that it is given.
    if (closed) throw new Error('the inbox is closed');
    const client =
      'client' in target
        ? // BullMQ has a prefix of its own and refuses the client's.
          target.client.duplicate({ ...options, keyPrefix: '', lazyConnect: false })
        : new RedisClient(target.url, options);
    return keep(client);
  };
  const common = { ...(prefix !== undefined && { prefix }), skipVersionCheck: false };

  return {
    queue: <Data, Result>(name: string) =>
      new Queue<Data, Result, string>(name, { ...common, connection: connect(FAIL_FAST) }),
    worker: (name, processor, options) =>
      new Worker(name, processor, { ...common, ...options, connection: connect(PATIENT) }),
    relay: (namespace) => new Relay({ ...common, connection: connect(PATIENT), namespace }) as never,
    prepare: async () => undefined,
    async warnings() {
      const client = connect(PATIENT);
      try {
        return await redisWarnings(client);
      } finally {
        clients.delete(client);
        client.disconnect();
      }
    },
    async close() {
      closed = true;
      for (const client of clients) end(client);
    },
  };
}

/** Ends a client, and so what waits for it. One that is between two attempts to connect would leave that waiting. */
function end(client: Redis): void {
  const reconnecting = client.status === 'reconnecting';
  client.disconnect();
  if (!reconnecting) return;
  client.once('connect', () => client.disconnect());
  client.connect().catch(() => undefined);
}

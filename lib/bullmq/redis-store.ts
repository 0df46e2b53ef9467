import type { Redis } from 'ioredis';
import type { InboxStore } from './inbox-store.js';
import { loadBullmq } from './optional-peers.js';
import {
  endRedisClient,
  FAIL_FAST,
  FAIL_IN_TIME,
  PATIENT,
  redisClients,
  type RedisBehaviour,
  type RedisTarget,
} from './redis-client.js';
import { redisLock } from './redis-lock.js';
import { redisWarnings } from './redis-warnings.js';
import { writeTogether } from './redis-writes.js';

/** Redis and Valkey, by URL or by the app's own client, which is duplicated and never closed. */
export async function redisStore(target: RedisTarget, prefix: string | undefined): Promise<InboxStore> {
  const newClient = await redisClients(target);
  const { Queue, Relay, Worker } = await loadBullmq();
  const clients = new Set<Redis>();
  let closed = false;
  const keep = (client: Redis): Redis => {
    client.on('error', () => undefined);
    clients.add(client);
    writeTogether(client);
    // BullMQ blocks on a copy, and while the server is down it neither closes nor gives up that one.
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (override) => keep(duplicate(override));
    return client;
  };
  const connect = (options: RedisBehaviour): Redis => {
    // Nobody would end it: BullMQ does not close a client that it is given.
    if (closed) throw new Error('the inbox is closed');
    return keep(newClient(options));
  };
  const common = { ...(prefix !== undefined && { prefix }), skipVersionCheck: false };

  return {
    queue: <Data, Result>(name: string) =>
      new Queue<Data, Result, string>(name, { ...common, connection: connect(FAIL_FAST) }),
    worker: (name, processor, options) =>
      new Worker(name, processor, {
        ...common,
        ...options,
        // One worker alone is told of a delayed job. Should that one be busy when it is due, another looks so often.
        drainDelay: 1,
        connection: connect(PATIENT),
      }),
    relay: (namespace) => new Relay({ ...common, connection: connect(PATIENT), namespace }) as never,
    // A job that is put back is the next one, so a worker that is busy takes it again.
    handover: { putBackFirst: 0, holdMs: 100 },
    lock(queueName) {
      const connectForOne = () => {
        const client = connect(FAIL_IN_TIME);
        client.once('end', () => clients.delete(client));
        return client;
      };
      return redisLock(connectForOne, (name) => `${prefix ?? 'bull'}:${queueName}:gemini-lock:${name}`);
    },
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
      for (const client of clients) endRedisClient(client);
    },
  };
}

import type { BullmqInboxConfig } from '../../bullmq-inbox.options.js';
import { clockSkew } from '../clock-skew.js';
import { groupReads } from '../grouped-reads.js';
import { limitUpkeep } from '../relay-upkeep.js';
import { RELAY_TIMING, type InboxStore } from '../inbox-store.js';
import { loadBullmq } from '../optional-peers.js';
import {
  endRedisClient,
  FAIL_FAST,
  FAIL_FAST_QUEUED,
  FOR_OPERATORS,
  STARTUP_CHECK,
  isCluster,
  onlyInItsDatabase,
  RETRY_FOREVER,
  redisClients,
  type RedisBehaviour,
  type RedisClient,
  type RedisTarget,
} from './redis-client.js';
import { redisFailedJobs } from './redis-failed-jobs.js';
import { onConnectionError } from './redis-cluster-errors.js';
import { redisQueueStats, type RedisQueue } from './redis-queue-stats.js';
import { checkClusterMode, serversOf } from './redis-cluster-mode.js';
import { redisLocks } from './redis-locks.js';
import { redisWarnings } from './redis-warnings.js';
import { batchWrites } from './redis-writes.js';
import { redisTime } from './redis-time.js';

/** How long an idle worker waits before it looks for jobs while workers hand off events to each other, in seconds. */
const HAND_OFF_SECONDS = 1;

/** Receives connection events: requests that wait for a connection fail late and without its reason. */
export interface RedisConnectionListener {
  readonly onError: (error: Error) => void;
  readonly onReady: () => void;
}

/** The store on Redis or Valkey. Connects by URL or duplicates the app's own client, which it never closes. */
export async function redisStore(
  target: RedisTarget,
  { prefix, telemetry }: Pick<BullmqInboxConfig, 'prefix' | 'telemetry'>,
  { onError, onReady }: RedisConnectionListener,
): Promise<InboxStore> {
  const newClient = await redisClients(target);
  const { createRedisRelayBackend, Queue, Relay, Worker } = await loadBullmq();
  const clients = new Set<RedisClient>();
  let closed = false;
  const keep = <Client extends RedisClient>(client: Client): Client => {
    onConnectionError(client, onError);
    client.on('ready', onReady);
    clients.add(client);
    if (isCluster(client)) client.on('+node', batchWrites);
    else batchWrites(client);
    // BullMQ blocks on a duplicate and neither closes nor drops it while the server is down.
    const duplicate = client.duplicate.bind(client) as (...given: unknown[]) => Client;
    return Object.assign(client, { duplicate: (...given: unknown[]) => keep(onlyInItsDatabase(duplicate(...given))) });
  };
  const connect = (options: RedisBehaviour): RedisClient => {
    // It would stay open: BullMQ does not close a client that it was given.
    if (closed) throw new Error('the inbox is closed');
    return keep(newClient(options));
  };
  const withClient = async <Answer>(request: (client: RedisClient) => Promise<Answer>): Promise<Answer> => {
    const client = connect(STARTUP_CHECK);
    try {
      return await request(client);
    } finally {
      clients.delete(client);
      endRedisClient(client);
    }
  };
  const common = { ...(prefix !== undefined && { prefix }), skipVersionCheck: false };

  return {
    queue: <Data, Result>(name: string) =>
      new Queue<Data, Result, string>(name, {
        ...common,
        ...(telemetry && { telemetry }),
        connection: connect(FAIL_FAST),
      }),
    stats: (queue) => redisQueueStats(queue as unknown as RedisQueue),
    failedJobs(name) {
      const client = connect(FOR_OPERATORS);
      return redisFailedJobs(new Queue(name, { ...common, skipMetasUpdate: true, connection: client }), client);
    },
    worker(name, processor, options, handsOff = () => false) {
      const worker = new Worker(name, processor, { ...common, ...options, connection: connect(RETRY_FOREVER) });
      const { drainDelay } = worker.opts;
      // Redis notifies only one worker of a job that is handed off with a delay. If that one is busy, another polls for it.
      Object.defineProperty(worker.opts, 'drainDelay', { get: () => (handsOff() ? HAND_OFF_SECONDS : drainDelay) });
      return worker;
    },
    relay(namespace) {
      const client = connect(RETRY_FOREVER);
      const onReconnected = (listener: () => void) => void client.on('ready', listener);
      return new Relay({
        ...common,
        ...RELAY_TIMING,
        connection: client,
        namespace,
        backend: (options: Parameters<typeof createRedisRelayBackend>[0]) =>
          limitUpkeep(groupReads(createRedisRelayBackend(options)), { onReconnected }),
      }) as never;
    },
    // A requeued job is first in line, so the same busy worker would fetch it again.
    handOffPolicy: { requeuesBeforeDelay: 0, requeueDelayMs: 100 },
    locks(queueName) {
      const connectForLock = () => {
        const client = connect(FAIL_FAST_QUEUED);
        client.once('end', () => clients.delete(client));
        return client;
      };
      return redisLocks(connectForLock, (name) => `${prefix ?? 'bull'}:${queueName}:gemini-lock:${name}`);
    },
    prepare: () => withClient((client) => checkClusterMode(client, prefix)),
    warnings: () =>
      withClient(async (client) => {
        const warnings = await Promise.all((await serversOf(client)).map(redisWarnings));
        return [...new Set(warnings.flat())];
      }),
    clock: {
      compare: () => withClient((client) => clockSkew(() => redisTime(client))),
      server: 'Redis',
      skewEffect: "Delays use the workers' clocks: retries and status checks are early or late by that difference.",
    },
    async close() {
      closed = true;
      for (const client of clients) {
        endRedisClient(client);
        // BullMQ's worker would connect an ended client again, and then for ever.
        client.connect = () => Promise.reject(new Error('the inbox is closed'));
      }
    },
  };
}

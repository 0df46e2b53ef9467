import type { PostgresPoolConfig } from 'bullmq';
import type { Client, PoolConfig } from 'pg';
import type { BullmqInboxConfig } from '../../bullmq-inbox.options.js';
import { clockSkew } from '../clock-skew.js';
import { PatchedConnections } from './patched-connections.js';
import { OPERATOR_TIMEOUT_MS, RELAY_TIMING, REQUEST_TIMEOUT_MS, type InboxStore } from '../inbox-store.js';
import { groupReads } from '../grouped-reads.js';
import { limitUpkeep } from '../relay-upkeep.js';
import { OpenSockets } from '../open-sockets.js';
import { loadBullmq, loadPostgresDriver } from '../optional-peers.js';
import { sessionClient } from './postgres-client.js';
import { batchWrites } from './batched-writes.js';
import { checkConnection, connectionOptions, type PostgresTarget } from './postgres-config.js';
import { postgresFailedJobs } from './postgres-failed-jobs.js';
import { postgresLocks } from './postgres-locks.js';
import { postgresQueueStats, type PostgresQueue } from './postgres-queue-stats.js';
import { GradualLimit } from './gradual-limit.js';
import { migrateSchema } from './postgres-migrations.js';
import { postgresWarnings } from './postgres-warnings.js';
import { postgresTime } from './postgres-time.js';
import { SharedListener } from './shared-listener.js';
import { SharedPool } from './shared-pool.js';

/** Fails within the time limit of an answer. Bounds the wait for a connection and the query separately. */
export const FAIL_FAST = {
  connectionTimeoutMillis: REQUEST_TIMEOUT_MS,
  query_timeout: REQUEST_TIMEOUT_MS,
  statement_timeout: REQUEST_TIMEOUT_MS - 100,
} satisfies PoolConfig;

/** Waits for a connection longer than an answer could. */
const RETRY_FOREVER = { connectionTimeoutMillis: 10_000 } satisfies PoolConfig;

/** Fails within an operator's time limit: connecting takes several round trips, and a query may read many events. */
const FOR_OPERATORS = {
  connectionTimeoutMillis: 10_000,
  query_timeout: OPERATOR_TIMEOUT_MS,
  statement_timeout: OPERATOR_TIMEOUT_MS - 100,
} satisfies PoolConfig;

/**
 * Maximum number of connections: to accept events and record jobs, and for the workers and the bus. Another one listens for
 * notifications. Kept low: a server allows 100 in total by default.
 */
const WITH_WORKERS = { accept: 4, work: 5 };
const WITHOUT_WORKERS = { accept: 3, work: 1 };

/** Timeout of a migration, including the wait for its lock, in milliseconds. */
const MIGRATION_TIMEOUT_MS = 60_000;
const QUERY_TIMEOUT_MS = 10_000;

/**
 * The store on PostgreSQL. Connects by URL or with the options of the app's own pool. It cannot share that pool's
 * connections, because BullMQ's functions need their own `search_path`.
 */
export async function postgresStore(
  target: PostgresTarget,
  {
    schema,
    migrate,
    workers,
    telemetry,
  }: { readonly schema: string } & Pick<BullmqInboxConfig, 'migrate' | 'workers' | 'telemetry'>,
): Promise<InboxStore> {
  const driver = await loadPostgresDriver();
  checkConnection('bullmqInbox', target, (config) => new driver.Client(config));
  const sockets = new OpenSockets();
  const base: PoolConfig = { stream: sockets.open, ...connectionOptions(target) };
  const SessionClient = sessionClient(driver, base);
  const connections = new PatchedConnections();
  const listener = new SharedListener(SessionClient);
  const [acceptPool, workPool] = [new SharedPool(), new SharedPool(new GradualLimit())];
  const bullmq = await loadBullmq();
  const on = (pool: SharedPool | undefined) =>
    bullmq.withBackend((...given: Parameters<typeof bullmq.createPostgresBackend>) => {
      const backend = bullmq.createPostgresBackend(...given);
      connections.patch(backend.connection, listener.clientClass({ isNamed: false }));
      pool?.share(backend.connection);
      batchWrites(backend);
      return backend;
    });
  const [accepting, working, operating] = [on(acceptPool), on(workPool), on(undefined)];
  const max = workers ? WITH_WORKERS : WITHOUT_WORKERS;
  const connection = (options: PoolConfig) =>
    ({ ...base, ...options, Client: SessionClient, schema, migrate: false }) as PostgresPoolConfig;

  const withClient = async <Answer>(
    request: (client: Client) => Promise<Answer>,
    query_timeout = QUERY_TIMEOUT_MS,
  ): Promise<Answer> => {
    const client = new SessionClient({ ...base, ...RETRY_FOREVER, query_timeout });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await request(client);
    } finally {
      await client.end();
    }
  };

  return {
    queue: (name) =>
      new accepting.Queue(name, {
        ...(telemetry && { telemetry }),
        connection: connection({ ...FAIL_FAST, max: max.accept }),
      }) as never,
    stats: (queue) => postgresQueueStats(queue as unknown as PostgresQueue),
    failedJobs: (name) =>
      postgresFailedJobs(
        new operating.Queue(name, { skipMetasUpdate: true, connection: connection({ ...FOR_OPERATORS, max: 2 }) }),
      ),
    worker: (name, processor, options) =>
      new working.Worker(name, processor as never, {
        ...options,
        connection: connection({ ...RETRY_FOREVER, max: max.work }),
      }) as never,
    relay: (namespace) =>
      new bullmq.Relay({
        ...RELAY_TIMING,
        connection: connection({ ...RETRY_FOREVER, max: max.work }),
        namespace,
        backend: (options: Parameters<typeof bullmq.createPostgresRelayBackend>[0]) => {
          const backend = bullmq.createPostgresRelayBackend(options);
          connections.patch(backend['connection'], listener.clientClass({ isNamed: true }));
          workPool.share(backend['connection']);
          return limitUpkeep(groupReads(backend));
        },
      }) as never,
    // A requeued job is last in line. Many delayed jobs that are due at the same time make workers deadlock.
    handOffPolicy: { requeuesBeforeDelay: 6, requeueDelayMs: 30 },
    locks: (queueName) =>
      postgresLocks(
        (config) => new SessionClient({ ...config, ...connectionOptions(target), ...FAIL_FAST }),
        [schema, queueName],
      ),
    async prepare() {
      if (migrate) await withClient((client) => migrateSchema(client, schema), MIGRATION_TIMEOUT_MS);
    },
    warnings: async () => [...connections.warnings(), ...(await withClient(postgresWarnings))],
    clock: {
      compare: () => withClient((client) => clockSkew(() => postgresTime(client))),
      server: 'PostgreSQL',
      skewEffect:
        "Locks on PostgreSQL use the workers' clocks: if those differ by more than lockDurationMs, another worker may start a running handler again.",
    },
    async close() {
      await Promise.all([acceptPool.end(), workPool.end()]);
      sockets.close();
    },
  };
}

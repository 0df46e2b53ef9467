import type { PostgresPoolConfig } from 'bullmq';
import type { Pool, PoolConfig } from 'pg';
import { keepErrorsHandled } from './handled-errors.js';
import { REQUEST_TIMEOUT_MS, type InboxStore } from './inbox-store.js';
import { OpenSockets } from './open-sockets.js';
import { loadBullmq, loadPostgresDriver } from './optional-peers.js';
import { retryDeadlocks } from './postgres-deadlocks.js';
import { postgresLock } from './postgres-lock.js';
import type { StoreTarget } from './store-target.js';

/** Fails within the time that an answer has. Waiting for a connection and for the query are bounded each. */
export const FAIL_FAST = {
  connectionTimeoutMillis: REQUEST_TIMEOUT_MS,
  query_timeout: REQUEST_TIMEOUT_MS,
  statement_timeout: REQUEST_TIMEOUT_MS - 100,
} satisfies PoolConfig;

/** Waits for the store longer than an answer could. */
const PATIENT = { connectionTimeoutMillis: 10_000 } satisfies PoolConfig;

/** A PostgreSQL server. */
export type PostgresTarget = Extract<StoreTarget, { kind: 'postgres' }>;

/** Bounds what waits for the lock that serialises migrations, in milliseconds. */
const MIGRATION_TIMEOUT_MS = 60_000;

/**
 * PostgreSQL, by URL or as the app's own pool connects. That lends its options, not its connections: BullMQ's functions
 * need a `search_path` of their own.
 */
export async function postgresStore(
  target: PostgresTarget,
  {
    schema,
    migrate,
    concurrency,
  }: { readonly schema: string; readonly migrate: boolean; readonly concurrency: number },
): Promise<InboxStore> {
  const { Client } = await loadPostgresDriver();
  const bullmq = await loadBullmq();
  const { Queue, Worker } = bullmq.withBackend((...given: Parameters<typeof bullmq.createPostgresBackend>) => {
    const backend = bullmq.createPostgresBackend(...given);
    keepErrorsHandled(backend.connection);
    retryDeadlocks(backend.connection);
    return backend;
  });
  const sockets = new OpenSockets();
  const base: PoolConfig = { stream: sockets.open, ...connectionOptions(target) };
  const connection = (options: PoolConfig) => ({ ...base, ...options, schema, migrate: false }) as PostgresPoolConfig;

  return {
    queue: (name, max = 8) => new Queue(name, { connection: connection({ ...FAIL_FAST, max }) }) as never,
    worker: (name, processor, options, max = Math.min(concurrency, 8) + 2) =>
      new Worker(name, processor as never, {
        ...options,
        connection: connection({ ...PATIENT, max }),
      }) as never,
    relay: (namespace) =>
      new bullmq.Relay({
        connection: connection({ ...PATIENT, max: 3 }),
        namespace,
        backend: (options: Parameters<typeof bullmq.createPostgresRelayBackend>[0]) => {
          const backend = bullmq.createPostgresRelayBackend(options);
          keepErrorsHandled(backend['connection']);
          retryDeadlocks(backend['connection']);
          return backend;
        },
      }) as never,
    // One that is put back is the last. Many that are due at the same time make the workers deadlock.
    handover: { putBackFirst: 6, holdMs: 30 },
    lock: (queueName) =>
      postgresLock(
        (config) => new Client({ ...config, ...connectionOptions(target), ...FAIL_FAST }),
        [schema, queueName],
      ),
    async prepare() {
      if (!migrate) return;
      const client = new Client({
        ...base,
        connectionTimeoutMillis: PATIENT.connectionTimeoutMillis,
        query_timeout: MIGRATION_TIMEOUT_MS,
      });
      client.on('error', () => undefined);
      await client.connect();
      try {
        await bullmq.runMigrations(client, schema);
      } finally {
        await client.end();
      }
    },
    warnings: async () => [],
    close: async () => sockets.close(),
  };
}

/** How to connect, by URL or as the app's own pool does. */
export function connectionOptions(target: PostgresTarget): PoolConfig {
  return {
    ...('url' in target ? { connectionString: target.url } : optionsOf(target.pool)),
    keepAlive: true,
  };
}

/** With the password, which a pool hides from whoever lists its options. */
export function optionsOf({ options }: Pool): PoolConfig {
  return { ...options, ...(options.password !== undefined && { password: options.password }) };
}

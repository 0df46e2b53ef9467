import type { PostgresPoolConfig } from 'bullmq';
import type { Pool, PoolConfig } from 'pg';
import type { DeliveryJobData } from './delivery-job.js';
import { REQUEST_TIMEOUT_MS, type InboxStore } from './inbox-store.js';
import { OpenSockets } from './open-sockets.js';
import { loadBullmq, loadPostgresDriver } from './optional-peers.js';

/** Fails within the time that an answer has. Waiting for a connection and for the query are bounded each. */
const FAIL_FAST = {
  connectionTimeoutMillis: REQUEST_TIMEOUT_MS,
  query_timeout: REQUEST_TIMEOUT_MS,
  statement_timeout: REQUEST_TIMEOUT_MS - 100,
  max: 8,
} satisfies PoolConfig;

/** Waits for the store longer than an answer could. */
const PATIENT = { connectionTimeoutMillis: 10_000 } satisfies PoolConfig;

/** Bounds what waits for the lock that serialises migrations, in milliseconds. */
const MIGRATION_TIMEOUT_MS = 60_000;

/**
 * PostgreSQL, by URL or as the app's own pool connects. That lends its options, not its connections: BullMQ's functions
 * need a `search_path` of their own.
 */
export async function postgresStore(
  target: { readonly url: string } | { readonly pool: Pool },
  {
    schema,
    migrate,
    concurrency,
  }: { readonly schema: string; readonly migrate: boolean; readonly concurrency: number },
): Promise<InboxStore> {
  const { Client } = await loadPostgresDriver();
  const bullmq = await loadBullmq();
  const { Queue, Worker } = bullmq.withBackend(bullmq.createPostgresBackend);
  const sockets = new OpenSockets();
  const base: PoolConfig = {
    stream: sockets.open,
    ...('url' in target ? { connectionString: target.url } : optionsOf(target.pool)),
    keepAlive: true,
  };
  const connection = (options: PoolConfig) => ({ ...base, ...options, schema, migrate: false }) as PostgresPoolConfig;

  return {
    queue: (name) => new Queue<DeliveryJobData, void, string>(name, { connection: connection(FAIL_FAST) }) as never,
    worker: (name, processor, options) =>
      new Worker<DeliveryJobData, void, string>(name, processor, {
        ...options,
        connection: connection({ ...PATIENT, max: Math.min(concurrency, 8) + 2 }),
      }) as never,
    relay: (namespace) =>
      new bullmq.Relay({
        connection: connection({ ...PATIENT, max: 3 }),
        namespace,
        backend: bullmq.createPostgresRelayBackend,
      }) as never,
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

/** With the password, which a pool hides from whoever lists its options. */
export function optionsOf({ options }: Pool): PoolConfig {
  return { ...options, ...(options.password !== undefined && { password: options.password }) };
}

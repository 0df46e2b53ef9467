import { randomUUID } from 'node:crypto';
import { createConnection } from 'node:net';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { postgresStore } from '../../../build/bullmq/store/postgres/postgres-store.js';
import { redisStore } from '../../../build/bullmq/store/redis/redis-store.js';

const REDIS = process.env.TEST_REDIS_URL ?? process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const POSTGRES =
  process.env.TEST_POSTGRES_URL ?? process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** How many events are handled at once, as `bullmqInbox` has it by default. */
export const CONCURRENCY = 16;

/**
 * Runs the benchmark on each store that is there, in a namespace of its own that is gone afterwards.
 *
 * @param run gets `{ name, url, prefix, open, usedBytes, analyze }`; `open` makes the store whose connections both contenders use,
 * and `analyze` updates its statistics after many jobs were stored at once, as autovacuum does within a minute
 */
export async function onEachStore(run) {
  const stores = [
    {
      name: 'Redis',
      url: REDIS,
      port: 6379,
      open: openRedis,
      usedBytes: redisBytes,
      analyze: async () => undefined,
      drop: dropKeys,
    },
    {
      name: 'PostgreSQL',
      url: POSTGRES,
      port: 5432,
      open: openPostgres,
      usedBytes: schemaBytes,
      analyze: analyzeJobs,
      drop: dropSchema,
    },
  ];
  for (const { name, url, port, open, usedBytes, analyze, drop } of stores) {
    if (!(await answers(url, port))) {
      process.stderr.write(`No ${name} at ${new URL(url).host}: skipped.\n`);
      continue;
    }
    const prefix = `bench_${randomUUID().replaceAll('-', '')}`;
    try {
      await run({
        name,
        url,
        prefix,
        open: () => open(url, prefix),
        usedBytes: () => usedBytes(url, prefix),
        analyze: () => analyze(url, prefix),
      });
    } finally {
      await drop(url, prefix);
    }
  }
}

function answers(url, defaultPort) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port || defaultPort) });
    const end = (there) => {
      socket.destroy();
      resolve(there);
    };
    socket
      .setTimeout(1_000, () => end(false))
      .once('connect', () => end(true))
      .once('error', () => end(false));
  });
}

function openRedis(url, prefix) {
  return redisStore({ kind: 'redis', url }, { prefix }, { onError: () => undefined, onReady: () => undefined });
}

async function openPostgres(url, schema) {
  const store = await postgresStore({ kind: 'postgres', url }, { schema, migrate: true, concurrency: CONCURRENCY });
  await store.prepare();
  return store;
}

async function redisBytes(url) {
  return withRedis(url, async (redis) => {
    const [, used] = /used_memory:(\d+)/.exec(await redis.info('memory'));
    return Number(used);
  });
}

function schemaBytes(url, schema) {
  const tables = 'SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c';
  return withPostgres(url, async (client) => {
    const { rows } = await client.query(
      `${tables} JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relkind = 'r'`,
      [schema],
    );
    return Number(rows[0].bytes);
  });
}

function dropKeys(url, prefix) {
  return withRedis(url, async (redis) => {
    for (let cursor = '0'; ;) {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 5_000);
      if (keys.length > 0) await redis.unlink(...keys);
      if (next === '0') return;
      cursor = next;
    }
  });
}

function analyzeJobs(url, schema) {
  return withPostgres(url, (client) => client.query(`ANALYZE ${schema}.job`));
}

function dropSchema(url, schema) {
  return withPostgres(url, (client) => client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`));
}

export async function withRedis(url, work) {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

export async function withPostgres(url, work) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

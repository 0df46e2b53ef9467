import { runMigrations } from 'bullmq';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { ownDatabase } from '../../support/own-database.js';

export const SAVED_FOLDER = join('test', 'chaos', 'fixtures', 'saved');
/** Unix milliseconds of the year 2026, and the scores of BullMQ's delayed jobs on Redis, which are 4,096 times as large. */
const TIME = /(?<![\w.-])179\d{10}(?!\d)/g;
const SCORE = /(?<![\w.-])73\d{14}(?!\d)/g;
const SCORE_UNIT = 4_096;
/** The same as PostgreSQL writes them. */
const TIMESTAMP = /2026-\d\d-\d\dT[\d:.]+\+00:00/g;
/** Above the numbers in the saved rows. */
const NEXT_NUMBER = 1_000;

/** The name of the queue in the saved data. */
export const SAVED_QUEUE = 'upgrade';

/** A job that an earlier version started or tracked. */
export interface SavedJob {
  readonly id: string;
  readonly kind: string;
  /** Absent if the start was interrupted. */
  readonly name?: string;
}

interface SavedFile {
  readonly savedAt: number;
  readonly jobs: Readonly<Record<string, SavedJob>>;
  readonly data: unknown;
}

type RedisValue = { readonly pttl?: number } & (
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'hash'; readonly value: Readonly<Record<string, string>> }
  | { readonly type: 'list' | 'set' | 'zset'; readonly value: readonly string[] }
  | { readonly type: 'stream'; readonly value: readonly (readonly [id: string, fields: readonly string[]])[] }
);

/** A store with the data that an earlier version left. */
export interface RestoredStore {
  readonly url: string;
  readonly prefix?: string;
  readonly jobs: SavedFile['jobs'];
  remove(): Promise<void>;
}

/** Restores what a version left in a store, on the test's server. All times are as long ago as they were when it was saved. */
export async function restoredStore(
  version: string,
  { name, url }: { name: string; url: string },
): Promise<RestoredStore> {
  const text = readFileSync(join(SAVED_FOLDER, `${version}-${name.toLowerCase()}.json`), 'utf8');
  const { savedAt, jobs } = JSON.parse(text) as SavedFile;
  const passedMs = Date.now() - savedAt;
  const moved = text
    .replaceAll(TIME, (time) => String(Number(time) + passedMs))
    .replaceAll(SCORE, (score) => String(Number(score) + passedMs * SCORE_UNIT))
    .replaceAll(TIMESTAMP, (time) => new Date(Date.parse(time) + passedMs).toISOString());
  const { data } = JSON.parse(moved) as SavedFile;
  const restored = await (name === 'Redis' ? inRedis(url, data) : inPostgres(url, data));
  return { ...restored, jobs };
}

async function inRedis(url: string, data: unknown): Promise<Omit<RestoredStore, 'jobs'>> {
  const prefix = `upgrade-${randomUUID()}`;
  const client = new Redis(url);
  for (const [saved, entry] of Object.entries(data as Record<string, RedisValue>)) {
    const key = saved.replace(/^bull:/, `${prefix}:`);
    await write(client, key, entry);
    if (entry.pttl !== undefined) await client.pexpire(key, Math.max(entry.pttl, 1));
  }
  return {
    url,
    prefix,
    async remove() {
      const keys = await client.keys(`${prefix}:*`);
      if (keys.length > 0) await client.del(keys);
      client.disconnect();
    },
  };
}

async function write(client: Redis, key: string, { type, value }: RedisValue): Promise<unknown> {
  switch (type) {
    case 'string':
      return client.set(key, value);
    case 'hash':
      return client.hset(key, value);
    case 'list':
      return client.rpush(key, ...value);
    case 'set':
      return client.sadd(key, ...value);
    case 'zset':
      // As `zrange` reads them: the member before its score.
      return client.zadd(key, ...value.map((_one, index) => value[index % 2 === 0 ? index + 1 : index - 1]!));
    case 'stream':
      for (const [id, fields] of value) await client.xadd(key, id, ...fields);
      return undefined;
  }
}

async function inPostgres(server: string, data: unknown): Promise<Omit<RestoredStore, 'jobs'>> {
  const database = await ownDatabase(server);
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await runMigrations(client, 'bullmq');
  await client.query('SET search_path TO bullmq');
  await client.query(
    'CREATE TABLE gemini_webhook_secrets (registration text NOT NULL, endpoint text NOT NULL, sealed text NOT NULL, saved_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (registration, endpoint))',
  );
  // Without checks of foreign keys, which would need an order.
  await client.query("SET session_replication_role = 'replica'");
  for (const [table, rows] of Object.entries(data as Record<string, readonly object[]>)) {
    await client.query(`DELETE FROM "${table}"`);
    for (const row of rows) {
      const columns = Object.keys(row)
        .map((column) => `"${column}"`)
        .join(', ');
      await client.query(
        `INSERT INTO "${table}" (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM json_populate_record(NULL::"${table}", $1)`,
        [JSON.stringify(row)],
      );
    }
  }
  await client.query(
    `SELECT setval(format('%I.%I', schemaname, sequencename), ${NEXT_NUMBER}) FROM pg_sequences WHERE schemaname = 'bullmq'`,
  );
  await client.end();
  return { url: database.url, remove: () => database.remove() };
}

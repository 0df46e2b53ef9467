import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { dropSchema } from './drop-schema.js';

/** The secret store of one test, with direct access to its server. */
export interface SecretPlace {
  readonly url: string;
  readonly prefix: string;
  /** Returns the secrets as the server stores them. */
  kept(): Promise<Record<string, string>>;
  /** Changes the only stored entry. */
  tamper(change: (sealed: string) => string): Promise<void>;
  remove(): Promise<void>;
}

export function secretPlace(url: string): SecretPlace {
  const prefix = `secrets-${randomUUID()}`;
  return { url, prefix, ...(url.startsWith('redis') ? inRedis(url, prefix) : inPostgres(url, prefix)) };
}

type Look = Omit<SecretPlace, 'url' | 'prefix'>;

function inRedis(url: string, prefix: string): Look {
  const hash = `${prefix}:gemini-webhook-secrets`;
  const ask = async <T>(request: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(url);
    try {
      return await request(client);
    } finally {
      client.disconnect();
    }
  };
  return {
    kept: () => ask((client) => client.hgetall(hash)),
    tamper: (change) =>
      ask(async (client) => {
        const [[field, sealed] = ['', '']] = Object.entries(await client.hgetall(hash));
        await client.hset(hash, field, change(sealed));
      }),
    remove: () =>
      ask(async (client) => {
        await client.del(hash);
      }),
  };
}

function inPostgres(url: string, schema: string): Look {
  const table = `"${schema}".gemini_webhook_secrets`;
  const ask = async <Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  };
  const rows = () => ask<{ registration: string; endpoint: string; sealed: string }>(`SELECT * FROM ${table}`);
  return {
    async kept() {
      return Object.fromEntries((await rows()).map((row) => [`${row.registration} ${row.endpoint}`, row.sealed]));
    },
    async tamper(change) {
      const [row] = await rows();
      await ask(`UPDATE ${table} SET sealed = $1`, [change(row!.sealed)]);
    },
    remove: () => dropSchema(url, schema),
  };
}

import type { Pool } from 'pg';
import { createHash } from 'node:crypto';
import { GeminiWebhooksError } from '../errors.js';
import { settlesWithin } from '../with-timeout.js';
import { REQUEST_TIMEOUT_MS } from './inbox-store.js';
import { once } from './once.js';
import { PostgresListener } from './postgres-listener.js';
import type { PostgresClientFactory } from './postgres-session.js';
import type { SealedFor } from './sealed-secrets.js';
import { SecretWatchers, type SecretVault } from './secret-vault.js';

const TABLE = 'gemini_webhook_secrets';

/** What `IF NOT EXISTS` fails with in a process that came second by a moment. */
const MADE_MEANWHILE: ReadonlySet<unknown> = new Set(['23505', '42P06', '42P07', '42710']);
const MOST_ATTEMPTS = 5;

/** How a vault reaches PostgreSQL. */
export interface PostgresAccess {
  /** Its own, lazy, and quick to fail. */
  readonly pool: Pool;
  /** For the connection that listens. */
  readonly newClient: PostgresClientFactory;
  /** Ends connections that do not end by themselves. */
  readonly endSockets: () => void;
}

/** Sealed secrets in one table of PostgreSQL. */
export class PostgresVault implements SecretVault {
  readonly #access: PostgresAccess;
  readonly #schema: string;
  readonly #table: string;
  readonly #migrate: boolean;
  readonly #watchers = new SecretWatchers();
  readonly #prepared = once(() => this.#prepare());
  readonly #listener: PostgresListener;

  constructor(access: PostgresAccess, { schema, migrate }: { readonly schema: string; readonly migrate: boolean }) {
    this.#access = access;
    this.#schema = `"${schema}"`;
    this.#table = `${this.#schema}.${TABLE}`;
    this.#migrate = migrate;
    this.#listener = new PostgresListener(access.newClient, TABLE, {
      onConnected: () => this.#watchers.tellAll(),
      onMessage: (topic) => this.#watchers.tell(topic),
    });
  }

  async read({ registration, endpoint }: SealedFor): Promise<string | undefined> {
    await this.#prepared();
    const { rows } = await this.#access.pool.query<{ sealed: string }>(
      `SELECT sealed FROM ${this.#table} WHERE registration = $1 AND endpoint = $2`,
      [registration, endpoint],
    );
    return rows[0]?.sealed;
  }

  async write(what: SealedFor, sealed: string | undefined): Promise<void> {
    await this.#prepared();
    const { registration, endpoint } = what;
    const change =
      sealed === undefined
        ? `DELETE FROM ${this.#table} WHERE registration = $1 AND endpoint = $2`
        : `INSERT INTO ${this.#table} (registration, endpoint, sealed) VALUES ($1, $2, $5)
           ON CONFLICT (registration, endpoint) DO UPDATE SET sealed = EXCLUDED.sealed, saved_at = now()`;
    // One statement: who is told finds what was written.
    await this.#access.pool.query(`WITH change AS (${change} RETURNING 1) SELECT pg_notify($3, $4) FROM change`, [
      registration,
      endpoint,
      TABLE,
      this.#topicOf(what),
      ...(sealed === undefined ? [] : [sealed]),
    ]);
  }

  async watch(what: SealedFor, changed: () => void): Promise<() => void> {
    const end = this.#watchers.add(this.#topicOf(what), changed);
    await settlesWithin(this.#listener.start(), REQUEST_TIMEOUT_MS);
    return end;
  }

  async close(): Promise<void> {
    await Promise.all([this.#listener.close(), settlesWithin(this.#access.pool.end(), REQUEST_TIMEOUT_MS)]);
    this.#access.endSockets();
  }

  /** A channel is the whole database's, and its messages are short. */
  #topicOf({ registration, endpoint }: SealedFor): string {
    return createHash('sha256')
      .update(JSON.stringify([this.#schema, registration, endpoint]))
      .digest('base64url');
  }

  async #prepare(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#createTable();
      } catch (error) {
        const { code } = error as { readonly code?: unknown };
        if (!MADE_MEANWHILE.has(code) || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  /** Not tried when it is there: the database's user may not be one who creates tables. */
  async #createTable(): Promise<void> {
    const { rows } = await this.#access.pool.query<{ schema: boolean; table: boolean }>(
      'SELECT to_regnamespace($1) IS NOT NULL AS schema, to_regclass($2) IS NOT NULL AS table',
      [this.#schema, this.#table],
    );
    if (rows[0]?.table) return;
    const definition = `CREATE TABLE IF NOT EXISTS ${this.#table} (registration text NOT NULL, endpoint text NOT NULL, sealed text NOT NULL, saved_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (registration, endpoint));`;
    if (!this.#migrate) {
      throw new GeminiWebhooksError(
        'invalid_option',
        `bullmqSecretStore: migrate: is false, and the table ${this.#table} is not there. Create it: ${definition}`,
      );
    }
    const schema = rows[0]?.schema ? '' : `CREATE SCHEMA IF NOT EXISTS ${this.#schema};`;
    await this.#access.pool.query(`${schema}${definition}`);
  }
}

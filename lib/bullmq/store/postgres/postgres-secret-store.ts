import type { Pool } from 'pg';
import { createHash } from 'node:crypto';
import { GeminiWebhooksError } from '../../../errors.js';
import { retry } from '../../../shared/retry.js';
import { singleFlightUntilSuccess } from '../../../shared/single-flight.js';
import { settlesWithin } from '../../../shared/timeouts.js';
import { Watchers } from '../../../shared/watchers.js';
import { REQUEST_TIMEOUT_MS } from '../inbox-store.js';
import { PostgresListener } from './postgres-listener.js';
import { creating, using, explainMissingPrivilege } from './postgres-privileges.js';
import type { PostgresClientFactory } from './postgres-session.js';
import type { SecretScope } from '../secret-encryption.js';
import type { EncryptedSecretStore } from '../encrypted-secret-store.js';

const TABLE = 'gemini_webhook_secrets';

/** Errors of `IF NOT EXISTS` if another process creates the same object at the same moment. */
const ALREADY_EXISTS: ReadonlySet<unknown> = new Set(['23505', '42P06', '42P07', '42710']);
const MAX_ATTEMPTS = 5;

/** Connections of `PostgresSecretStore`. */
export interface PostgresAccess {
  /** The store's own pool, which connects lazily and fails fast. */
  readonly pool: Pool;
  /** Creates the client of the LISTEN connection. */
  readonly newClient: PostgresClientFactory;
  /** Destroys sockets that did not close. */
  readonly endSockets: () => void;
}

/** Encrypted secrets in one table of PostgreSQL. */
export class PostgresSecretStore implements EncryptedSecretStore {
  readonly #access: PostgresAccess;
  readonly #name: string;
  readonly #schema: string;
  readonly #table: string;
  readonly #migrate: boolean;
  readonly #watchers = new Watchers();
  readonly #prepare = singleFlightUntilSuccess(() => this.#ensureTable());
  readonly #listener: PostgresListener;

  constructor(access: PostgresAccess, { schema, migrate }: { readonly schema: string; readonly migrate: boolean }) {
    this.#access = access;
    this.#name = schema;
    this.#schema = `"${schema}"`;
    this.#table = `${this.#schema}.${TABLE}`;
    this.#migrate = migrate;
    this.#listener = new PostgresListener(access.newClient, TABLE, {
      onConnected: () => this.#watchers.notifyAll(),
      onMessage: (topic) => this.#watchers.notify(topic),
    });
  }

  async read({ registration, endpoint }: SecretScope): Promise<string | undefined> {
    await this.#prepare();
    const { rows } = await this.#access.pool.query<{ sealed: string }>(
      `SELECT sealed FROM ${this.#table} WHERE registration = $1 AND endpoint = $2`,
      [registration, endpoint],
    );
    return rows[0]?.sealed;
  }

  async write(scope: SecretScope, encrypted: string | undefined): Promise<void> {
    await this.#prepare();
    const { registration, endpoint } = scope;
    const change =
      encrypted === undefined
        ? `DELETE FROM ${this.#table} WHERE registration = $1 AND endpoint = $2`
        : `INSERT INTO ${this.#table} (registration, endpoint, sealed) VALUES ($1, $2, $5)
           ON CONFLICT (registration, endpoint) DO UPDATE SET sealed = EXCLUDED.sealed, saved_at = now()`;
    // One statement: a notified process finds the written secret.
    await this.#access.pool.query(`WITH change AS (${change} RETURNING 1) SELECT pg_notify($3, $4) FROM change`, [
      registration,
      endpoint,
      TABLE,
      this.#topicOf(scope),
      ...(encrypted === undefined ? [] : [encrypted]),
    ]);
  }

  async watch(scope: SecretScope, changed: () => void): Promise<() => void> {
    const unwatch = this.#watchers.add(this.#topicOf(scope), changed);
    await settlesWithin(this.#listener.start(), REQUEST_TIMEOUT_MS);
    return unwatch;
  }

  async close(): Promise<void> {
    await Promise.all([this.#listener.close(), settlesWithin(this.#access.pool.end(), REQUEST_TIMEOUT_MS)]);
    this.#access.endSockets();
  }

  /** A hash, because the whole database shares a channel and its messages must be short. */
  #topicOf({ registration, endpoint }: SecretScope): string {
    return createHash('sha256')
      .update(JSON.stringify([this.#schema, registration, endpoint]))
      .digest('base64url');
  }

  #ensureTable(): Promise<void> {
    return retry(() => this.#createTable(), {
      attempts: MAX_ATTEMPTS,
      delayMs: () => 0,
      isTransient: (error) => ALREADY_EXISTS.has((error as { readonly code?: unknown }).code),
    });
  }

  /** Checks first if the table exists: the role may lack the privilege to create one. */
  async #createTable(): Promise<void> {
    const { pool } = this.#access;
    const { rows } = await explainMissingPrivilege(pool, using(this.#name), () =>
      pool.query<{ schema: boolean; table: boolean }>(
        'SELECT to_regnamespace($1) IS NOT NULL AS schema, to_regclass($2) IS NOT NULL AS table',
        [this.#schema, this.#table],
      ),
    );
    if (rows[0]?.table) return;
    const definition = `CREATE TABLE IF NOT EXISTS ${this.#table} (registration text NOT NULL, endpoint text NOT NULL, sealed text NOT NULL, saved_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (registration, endpoint));`;
    if (!this.#migrate) {
      throw new GeminiWebhooksError(
        'invalid_option',
        `bullmqSecretStore: migrate: is false, and the table ${this.#table} does not exist. Create it: ${definition}`,
      );
    }
    const inSchema = rows[0]?.schema === true;
    const schema = inSchema ? '' : `CREATE SCHEMA IF NOT EXISTS ${this.#schema};`;
    const work = creating(`create the table ${this.#table}`, { schema: this.#name, inSchema });
    await explainMissingPrivilege(pool, work, () => pool.query(`${schema}${definition}`));
  }
}

import { createHash } from 'node:crypto';
import { PostgresSession, type PostgresClientFactory } from './postgres-session.js';
import { LOCK_LEASE_MS, StoreLock, type LockContender } from './store-lock.js';

/** PostgreSQL has it from version 14 on. */
const SET_LEASE = `
SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'idle_session_timeout'`;

/**
 * Locks on PostgreSQL: an advisory lock of a session, which the server ends with the connection, and when it hears
 * nothing from it.
 *
 * @param scope what tells locks of the same name apart: schema and queue
 */
export function postgresLock(
  makeClient: PostgresClientFactory,
  scope: readonly string[],
  { leaseMs = LOCK_LEASE_MS }: { readonly leaseMs?: number } = {},
): StoreLock {
  return new StoreLock((name, lost) => new PostgresLockContender(makeClient, lockId([...scope, name]), leaseMs, lost), {
    leaseMs,
  });
}

/** Advisory locks have 64-bit integers for names. */
function lockId(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest().readBigInt64BE().toString();
}

class PostgresLockContender implements LockContender {
  readonly #makeClient: PostgresClientFactory;
  readonly #id: string;
  readonly #leaseMs: number;
  readonly #lost: () => void;
  #session: PostgresSession | undefined;

  constructor(makeClient: PostgresClientFactory, id: string, leaseMs: number, lost: () => void) {
    this.#makeClient = makeClient;
    this.#id = id;
    this.#leaseMs = leaseMs;
    this.#lost = lost;
  }

  async take(): Promise<boolean> {
    try {
      const session = (this.#session ??= await this.#begin());
      const { rows } = await session.client.query<{ taken: boolean }>(
        'SELECT pg_try_advisory_lock($1::bigint) AS taken',
        [this.#id],
      );
      const taken = rows[0]?.taken === true;
      if (taken) void session.ended.then(this.#lost);
      return taken;
    } catch (error) {
      // Whether it has the lock is not known: with the session that goes too.
      await this.#endSession();
      throw error;
    }
  }

  async renew(): Promise<boolean> {
    if (!this.#session || this.#session.hasEnded) return false;
    await this.#session.client.query('SELECT 1');
    return true;
  }

  /** The server closes its end of the connection once the lock is free. */
  async release(): Promise<void> {
    await this.#endSession();
  }

  async #begin(): Promise<PostgresSession> {
    const session = await PostgresSession.begin(this.#makeClient);
    try {
      await session.client.query(SET_LEASE, [String(this.#leaseMs)]);
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  }

  async #endSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.end();
  }
}

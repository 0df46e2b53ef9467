import { createHash } from 'node:crypto';
import { PostgresSession, type PostgresClientFactory } from './postgres-session.js';
import { LOCK_LEASE_MS, StoreLocks, type LockHandle } from '../store-locks.js';

/** The setting exists since PostgreSQL 14. */
const SET_LEASE = `
SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'idle_session_timeout'`;

/**
 * Locks on PostgreSQL. A lock is a session's advisory lock, which the server releases when the connection ends or is idle
 * for too long.
 *
 * @param scope distinguishes locks with the same name: schema and queue
 */
export function postgresLocks(
  makeClient: PostgresClientFactory,
  scope: readonly string[],
  { leaseMs = LOCK_LEASE_MS }: { readonly leaseMs?: number } = {},
): StoreLocks {
  return new StoreLocks(
    (name, onLost) => new PostgresLockHandle(makeClient, lockId([...scope, name]), leaseMs, onLost),
    {
      leaseMs,
    },
  );
}

/** Advisory locks are identified by 64-bit integers. */
function lockId(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest().readBigInt64BE().toString();
}

class PostgresLockHandle implements LockHandle {
  readonly #makeClient: PostgresClientFactory;
  readonly #id: string;
  readonly #leaseMs: number;
  readonly #onLost: () => void;
  #session: PostgresSession | undefined;

  constructor(makeClient: PostgresClientFactory, id: string, leaseMs: number, onLost: () => void) {
    this.#makeClient = makeClient;
    this.#id = id;
    this.#leaseMs = leaseMs;
    this.#onLost = onLost;
  }

  async tryAcquire(): Promise<boolean> {
    try {
      const session = (this.#session ??= await this.#begin());
      const { rows } = await session.client.query<{ acquired: boolean }>(
        'SELECT pg_try_advisory_lock($1::bigint) AS acquired',
        [this.#id],
      );
      const acquired = rows[0]?.acquired === true;
      if (acquired) void session.ended.then(this.#onLost);
      return acquired;
    } catch (error) {
      // The lock may or may not be held now: ending the session releases it.
      await this.#endSession();
      throw error;
    }
  }

  async renew(): Promise<boolean> {
    if (!this.#session || this.#session.hasEnded) return false;
    await this.#session.client.query('SELECT 1');
    return true;
  }

  /** The server closes the connection after it has released the lock. */
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

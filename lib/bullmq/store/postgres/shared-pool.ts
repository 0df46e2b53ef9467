import type { PostgresConnection } from 'bullmq';
import { settlesWithin } from '../../../shared/timeouts.js';

const END_TIMEOUT_MS = 1_000;

type BullmqPool = PostgresConnection['pool'];

/** One pool that several of BullMQ's connections share. BullMQ would open one for each queue, worker and relay. */
export class SharedPool {
  #pool: BullmqPool | undefined;

  /** Replaces the connection's pool, which has not connected yet, by that of the first connection. */
  share(connection: PostgresConnection): void {
    const pool = (this.#pool ??= connection.pool);
    if (!pool) return;
    const view = {
      query: pool.query.bind(pool),
      connect: pool.connect.bind(pool),
      on: pool.on.bind(pool),
      // Others still use it.
      end: async () => undefined,
    };
    Object.assign(connection, { pool: view });
  }

  /** Ends the pool, in bounded time. */
  async end(): Promise<void> {
    if (this.#pool) await settlesWithin(Promise.resolve(this.#pool.end()), END_TIMEOUT_MS);
  }
}

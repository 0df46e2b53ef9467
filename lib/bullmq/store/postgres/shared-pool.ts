import type { PostgresConnection } from 'bullmq';
import { settlesWithin } from '../../../shared/timeouts.js';
import type { GradualLimit } from './gradual-limit.js';

const END_TIMEOUT_MS = 1_000;

type BullmqPool = PostgresConnection['pool'];

/** One pool that several of BullMQ's connections share. BullMQ would open one for each queue, worker and relay. */
export class SharedPool {
  readonly #limit: Pick<GradualLimit, 'enter' | 'leave'> | undefined;
  #pool: BullmqPool | undefined;

  /** @param limit of the statements that are under way at the same time, besides that of the pool's connections */
  constructor(limit?: Pick<GradualLimit, 'enter' | 'leave'>) {
    this.#limit = limit;
  }

  /** Replaces the connection's pool, which has not connected yet, by that of the first connection. */
  share(connection: PostgresConnection): void {
    const pool = (this.#pool ??= connection.pool);
    if (!pool) return;
    const view = {
      query: this.#limited(pool.query.bind(pool)),
      connect: pool.connect.bind(pool),
      on: pool.on.bind(pool),
      // Others still use it.
      end: async () => undefined,
    };
    Object.assign(connection, { pool: view });
  }

  #limited<Given extends unknown[], Answer>(query: (...given: Given) => Promise<Answer>) {
    const limit = this.#limit;
    if (!limit) return query;
    return async (...given: Given): Promise<Answer> => {
      await limit.enter();
      try {
        return await query(...given);
      } finally {
        limit.leave();
      }
    };
  }

  /** Ends the pool, in bounded time. */
  async end(): Promise<void> {
    if (this.#pool) await settlesWithin(Promise.resolve(this.#pool.end()), END_TIMEOUT_MS);
  }
}

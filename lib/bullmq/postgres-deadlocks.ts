import { setTimeout as wait } from 'node:timers/promises';
import type { PostgresConnection } from 'bullmq';

const DEADLOCK_DETECTED = '40P01';
const MOST_RETRIES = 8;
const LONGEST_PAUSE_MS = 50;

type Query = (...given: unknown[]) => Promise<unknown>;

/**
 * Sends again what PostgreSQL ended to resolve a deadlock. BullMQ's workers lock each other's jobs in any order when many
 * are due at the same time; each of its requests is one statement, which has then changed nothing. Otherwise the checkpoint
 * of a handler that has succeeded would be lost, and the handler run again.
 */
export function retryDeadlocks({ pool }: PostgresConnection): void {
  const send = pool.query.bind(pool) as Query;
  const query: Query = async (...given) => {
    for (let retries = 0; ; retries += 1) {
      try {
        return await send(...given);
      } catch (error) {
        if ((error as { code?: unknown }).code !== DEADLOCK_DETECTED || retries >= MOST_RETRIES) throw error;
        await wait(Math.random() * LONGEST_PAUSE_MS);
      }
    }
  };
  pool.query = query as typeof pool.query;
}

import type { PostgresConnection } from 'bullmq';
import { retry } from '../../../shared/retry.js';

const DEADLOCK_DETECTED = '40P01';
const MAX_ATTEMPTS = 9;
const MAX_PAUSE_MS = 50;

type Query = (...given: unknown[]) => Promise<unknown>;

/**
 * Retries statements that PostgreSQL aborted to resolve a deadlock. BullMQ's workers lock jobs in any order when many are due
 * at the same time. Each of its requests is one statement, so an aborted one has changed nothing. Without the retry, the
 * checkpoint of a successful handler would be lost and the handler would run again.
 */
export function retryDeadlocks({ pool }: PostgresConnection): void {
  if (!pool) return;
  const send = pool.query.bind(pool) as Query;
  const query: Query = (...given) =>
    retry(() => send(...given), {
      attempts: MAX_ATTEMPTS,
      delayMs: () => Math.random() * MAX_PAUSE_MS,
      isTransient: (error) => (error as { code?: unknown }).code === DEADLOCK_DETECTED,
    });
  pool.query = query as typeof pool.query;
}

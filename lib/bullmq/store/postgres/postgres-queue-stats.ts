import type { PostgresQueueBackend } from 'bullmq';
import type { StoredStats } from '../inbox-store.js';
import { JOBS_READ_PER_END } from '../queue-stats.js';

/** Returns the first and the last jobs of a state by the columns of its partial index. */
const ends = (state: string, ...columns: string[]) =>
  ['ASC', 'DESC']
    .map((order) => {
      const by = columns.map((column) => `${column} ${order}`).join(', ');
      return `(SELECT added_at_ms FROM job WHERE queue = $1 AND state = '${state}' ORDER BY ${by} LIMIT $2)`;
    })
    .join(' UNION ALL ');

const count = (state: string) => `(SELECT count(*)::int FROM job WHERE queue = $1 AND state = '${state}') AS ${state}`;

/** BullMQ's own count reads all jobs of the queue, including those that are kept after they have completed. */
const STATS = `
  SELECT ${['waiting', 'active', 'delayed', 'failed'].map(count).join(', ')},
         (SELECT min(added_at_ms)
            FROM (${ends('waiting', 'priority', 'seq')} UNION ALL ${ends('delayed', 'process_at_ms')}
                  UNION ALL ${ends('active', 'locked_until_ms')}) AS unfinished) AS oldest`;

interface StatsRow {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly oldest: string | null;
}

/** A queue on PostgreSQL. Its pool's `search_path` is BullMQ's schema. */
export interface PostgresQueue {
  readonly name: string;
  getBackend(): Pick<PostgresQueueBackend, 'connection'>;
}

/** Counts a queue's jobs and finds the oldest unfinished one, in one query. */
export async function postgresQueueStats(queue: PostgresQueue): Promise<StoredStats> {
  const { pool } = queue.getBackend().connection;
  const { rows } = await pool.query(STATS, [queue.name, JOBS_READ_PER_END]);
  const { oldest, ...counts } = rows[0] as StatsRow;
  return { ...counts, oldestAddedAt: oldest === null ? undefined : Number(oldest) };
}

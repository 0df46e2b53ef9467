import type { PostgresQueueBackend } from 'bullmq';
import type { DeliveryJobData } from '../delivery-job.js';
import type { FailedJob, FailedJobs, FailedJobState } from '../failed-jobs.js';
import type { Connected } from '../supervised.js';

/**
 * BullMQ reads and retries one job per query. These queries read its table and call its functions for many jobs at a time.
 * The pool's `search_path` is BullMQ's schema.
 */
const IDS = `
  SELECT id FROM job
   WHERE queue = $1 AND state = 'failed'
     AND ($2::text IS NULL OR name = $2 OR data ? 'decided')
     AND ($3::bigint IS NULL OR finished_at_ms < $3)
     AND ($4::bigint IS NULL OR finished_at_ms > $4)
   ORDER BY finished_at_ms DESC, id DESC
  OFFSET $5 LIMIT $6`;
const JOBS = `
  SELECT id, name, data, progress, attempts_made, failed_reason, finished_at_ms, added_at_ms
    FROM job
   WHERE queue = $1 AND state = 'failed' AND id = ANY($2::text[])`;
const STATES = `
  SELECT id, progress, finished_at_ms, added_at_ms
    FROM job
   WHERE queue = $1 AND state = 'failed' AND id = ANY($2::text[])`;
/** Changes the progress and the state in one transaction. Ordered by id, so that two of these cannot deadlock. */
const RETRY = `
  WITH retried AS MATERIALIZED (
    SELECT id, progress, reprocess_job($1, id, 'failed', false, true, true) AS code
      FROM (SELECT * FROM unnest($2::text[], $3::text[]) AS given(id, progress) ORDER BY id) AS ordered
  )
  SELECT id FROM retried WHERE code = 1 AND update_progress($1, id, progress::jsonb) > 0`;

interface StateRow {
  readonly id: string;
  readonly progress: object | null;
  readonly finished_at_ms: string;
  readonly added_at_ms: string;
}

interface JobRow extends StateRow {
  readonly name: string;
  readonly data: DeliveryJobData;
  readonly attempts_made: number;
  readonly failed_reason: string | null;
}

/** BullMQ's queue on PostgreSQL. */
interface PostgresQueue extends Connected, Pick<FailedJobs, 'on'> {
  readonly name: string;
  getVersion(): Promise<string | null>;
  getBackend(): Pick<PostgresQueueBackend, 'connection'>;
}

/** @param queue with its own connection; closed together with the returned object */
export function postgresFailedJobs(queue: PostgresQueue): FailedJobs {
  const { name } = queue;
  const { pool } = queue.getBackend().connection;
  const rowsOf = async <Row>(text: string, values: unknown[]): Promise<Row[]> =>
    (await pool.query(text, [name, ...values])).rows as Row[];

  return {
    // Every queue of an app writes its version when it opens.
    queueExists: async () => (await queue.getVersion()) !== null,
    async ids(filter, start = 0, count) {
      const { name: type = null, before = null, after = null } = filter;
      const rows = await rowsOf<{ id: string }>(IDS, [type, before, after, start, count ?? null]);
      return rows.map(({ id }) => id);
    },
    narrow: async (ids) => ids,
    async read(ids) {
      const rows = await rowsOf<JobRow>(JOBS, [ids]);
      return inOrder(ids, rows.map(toFailedJob));
    },
    async readStates(ids) {
      const rows = await rowsOf<StateRow>(STATES, [ids]);
      return inOrder(ids, rows.map(toState));
    },
    async retry(retries) {
      const ids = retries.map(({ id }) => id);
      const rows = await rowsOf<{ id: string }>(RETRY, [ids, retries.map(({ progress }) => JSON.stringify(progress))]);
      return new Set(rows.map(({ id }) => id));
    },
    waitUntilReady: () => queue.waitUntilReady(),
    close: () => queue.close(),
    on: (event, listener) => queue.on(event, listener),
  };
}

function inOrder<Row extends FailedJobState>(ids: readonly string[], rows: readonly Row[]): Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

function toState({ id, progress, finished_at_ms, added_at_ms }: StateRow): FailedJobState {
  return { id, progress: progress ?? 0, finishedOn: Number(finished_at_ms), timestamp: Number(added_at_ms) };
}

function toFailedJob(row: JobRow): FailedJob {
  const { name, data, attempts_made, failed_reason } = row;
  return { ...toState(row), name, data, attemptsMade: attempts_made, failedReason: failed_reason ?? '' };
}

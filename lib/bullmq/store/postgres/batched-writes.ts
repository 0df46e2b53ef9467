import type { JobJson } from 'bullmq';
import { shareStatements } from './shared-statements.js';

/** Adds each job as BullMQ does. In the order of their ids, so that two of these statements cannot deadlock. */
const ADD = `
  SELECT add_job($1, job ->> 'id', job ->> 'name', (job ->> 'data')::jsonb, job -> 'opts', 0,
                 (job ->> 'delay')::bigint, (job ->> 'timestamp')::bigint, (job ->> 'attempts')::integer,
                 NULL, NULL, NULL, NULL, NULL, false)
    FROM (SELECT job FROM jsonb_array_elements($2::jsonb) AS given(job) ORDER BY job ->> 'id') AS ordered`;
/** Changes each delay as BullMQ does, in the order of the jobs' ids. */
const CHANGE_DELAYS = `
  SELECT id, change_delay($1, id, delay, $4) AS code
    FROM (SELECT * FROM unnest($2::text[], $3::bigint[]) AS given(id, delay) ORDER BY id) AS ordered`;

/** The parts of BullMQ's queue on PostgreSQL that are replaced. */
export interface WritingBackend {
  readonly qualifiedName: string;
  readonly connection: {
    readonly pool: { query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }> };
  };
  addJob(job: JobJson, jobId: string, parents?: object): Promise<string>;
  changeDelay(jobId: string, delay: number): Promise<void>;
}

/**
 * Lets jobs that are added, or woken, at the same time share a statement. Added jobs have an id, and no parent, priority or
 * deduplication.
 */
export function batchWrites(backend: WritingBackend): void {
  const { qualifiedName: queue, connection } = backend;
  const addAlone = backend.addJob.bind(backend);
  const changeAlone = backend.changeDelay.bind(backend);

  const add = shareStatements<{ job: JobJson; id: string; parents: object | undefined }, string>({
    alone: ({ job, id, parents }) => addAlone(job, id, parents),
    async together(adds) {
      await connection.pool.query(ADD, [queue, JSON.stringify(adds.map(toEntry))]);
      return adds.map(({ id }) => id);
    },
    bytesOf: ({ job }) => job.data.length,
  });
  const change = shareStatements<{ id: string; delay: number }, void>({
    alone: ({ id, delay }) => changeAlone(id, delay),
    async together(changes) {
      const values = [queue, changes.map(({ id }) => id), changes.map(({ delay }) => delay), Date.now()];
      const rows = (await connection.pool.query(CHANGE_DELAYS, values)).rows as readonly { id: string; code: number }[];
      const refused = new Set(rows.flatMap(({ id, code }) => (code < 0 ? [id] : [])));
      // BullMQ's own call rejects with its own error.
      return changes.map(({ id, delay }) => (refused.has(id) ? changeAlone(id, delay) : undefined));
    },
    bytesOf: ({ id }) => id.length,
  });
  backend.addJob = (job, id, parents) => add({ job, id, parents });
  backend.changeDelay = (id, delay) => change({ id, delay });
}

function toEntry({ id, job: { name, data, opts, timestamp } }: { readonly id: string; readonly job: JobJson }): object {
  return { id, name, data, opts, timestamp, delay: opts.delay ?? 0, attempts: opts.attempts ?? 1 };
}

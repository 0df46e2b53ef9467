import type { JobJson } from 'bullmq';
import { TimeoutError } from '../../../errors.js';
import { ANSWER_TIMEOUT_MS } from '../inbox-store.js';

/** Maximum number of statements under way. Jobs that are added meanwhile share the next one. */
const MAX_STATEMENTS = 2;
const MAX_JOBS = 64;
const MAX_BYTES = 4_000_000;

/** Adds each job as BullMQ does, all in one transaction. In the order of their ids, so that two of these cannot deadlock. */
const ADD = `
  SELECT add_job($1, job ->> 'id', job ->> 'name', (job ->> 'data')::jsonb, job -> 'opts', 0,
                 (job ->> 'delay')::bigint, (job ->> 'timestamp')::bigint, (job ->> 'attempts')::integer,
                 NULL, NULL, NULL, NULL, NULL, false)
    FROM jsonb_array_elements($2::jsonb) AS jobs(job)
   ORDER BY job ->> 'id'`;

/** Classes of SQL errors that a single job can cause, or that another version of BullMQ's function causes. */
const IN_A_JOB = /^(?:22|23|42|54|BM)/;

/** The parts of BullMQ's queue on PostgreSQL that add jobs. */
export interface AddingBackend {
  readonly qualifiedName: string;
  readonly connection: { readonly pool: { query(text: string, values: string[]): Promise<unknown> } };
  addJob(job: JobJson, jobId: string, parents?: object): Promise<string>;
}

interface WaitingJob {
  readonly job: JobJson;
  readonly id: string;
  readonly deadline: number;
  /** Adds it in a statement of its own. */
  addAlone(): Promise<string>;
  resolve(id: string): void;
  reject(error: unknown): void;
}

/**
 * Lets jobs that are added at the same time share a statement: a commit for each job is what limits PostgreSQL. A job is sent
 * at once while few statements are under way, and it counts as added only when its own statement has committed. Jobs have an
 * id, and no parent, priority or deduplication.
 */
export function batchAdds(backend: AddingBackend): void {
  const addAlone = backend.addJob.bind(backend);
  const waiting: WaitingJob[] = [];
  let statements = 0;

  const add = async (batch: readonly WaitingJob[]): Promise<void> => {
    const alone = () => Promise.all(batch.map((each) => each.addAlone().then(each.resolve, each.reject)));
    if (batch.length === 1) return void (await alone());
    try {
      await backend.connection.pool.query(ADD, [backend.qualifiedName, JSON.stringify(batch.map(toEntry))]);
      for (const { resolve, id } of batch) resolve(id);
    } catch (error) {
      // Nothing was stored. One of these jobs must not keep the others from being stored.
      if (IN_A_JOB.test(String((error as { readonly code?: unknown }).code))) return void (await alone());
      for (const { reject } of batch) reject(error);
    }
  };
  const sendNext = (): void => {
    while (statements < MAX_STATEMENTS && waiting.length > 0) {
      const batch = takeBatch(waiting);
      if (batch.length === 0) return;
      statements += 1;
      void add(batch).finally(() => {
        statements -= 1;
        sendNext();
      });
    }
  };
  backend.addJob = (job, id, parents) =>
    new Promise((resolve, reject) => {
      const deadline = performance.now() + ANSWER_TIMEOUT_MS;
      waiting.push({ job, id, deadline, addAlone: () => addAlone(job, id, parents), resolve, reject });
      sendNext();
    });
}

/** Removes the next jobs to add. Rejects those whose caller has given up, so that an outage leaves no backlog. */
function takeBatch(waiting: WaitingJob[]): readonly WaitingJob[] {
  const now = performance.now();
  const expired = waiting.findIndex(({ deadline }) => deadline > now);
  for (const { reject } of waiting.splice(0, expired === -1 ? waiting.length : expired))
    reject(new TimeoutError('the store did not answer'));
  let bytes = 0;
  const tooMany = waiting.findIndex(({ job }, index) => {
    bytes += job.data.length;
    return index > 0 && (index >= MAX_JOBS || bytes > MAX_BYTES);
  });
  return waiting.splice(0, tooMany === -1 ? waiting.length : tooMany);
}

function toEntry({ id, job: { name, data, opts, timestamp } }: WaitingJob): object {
  return { id, name, data, opts, timestamp, delay: opts.delay ?? 0, attempts: opts.attempts ?? 1 };
}

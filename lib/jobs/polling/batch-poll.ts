import type { BatchJob, GoogleGenAI } from '@google/genai';
import type { TrackedJob } from '../../inbox/job-tracker.js';
import type { RequestOptions } from '../gemini-api.js';
import type { JobState } from './job-state.js';

/** Max pages of a project's batches to search for one whose name was never recorded. */
const MAX_PAGES = 20;
const PAGE_SIZE = 100;

/** Tolerated difference between Google's clock and ours. */
const CLOCK_SKEW_MS = 60_000;

/** Result of searching for a batch by its display name. */
export type BatchSearch =
  | { readonly is: 'found'; readonly name: string; readonly batch: BatchJob }
  | { readonly is: 'none' }
  /** Several batches match, or the project has more batches than were listed. */
  | { readonly is: 'unclear' };

/** Resolves to true if the name is recorded for a job other than the polled one. */
export type BelongsToOther = (name: string) => Promise<boolean>;

/** Polls a batch by its name, or by its display name if a process died between Gemini's response and the record. */
export async function pollBatch(
  ai: GoogleGenAI,
  job: TrackedJob,
  { http }: RequestOptions,
  belongsToOther: BelongsToOther,
): Promise<JobState> {
  if (job.name !== undefined) {
    const name = job.name.includes('/') ? job.name : `batches/${job.name}`;
    return stateOf(await ai.batches.get({ name, config: { httpOptions: http } }), name);
  }
  const found = await searchBatch(ai, job, http, belongsToOther);
  return found.is === 'found' ? stateOf(found.batch, found.name) : { is: 'unnamed' };
}

/**
 * Finds the batch with the job's display name that was created with the job and is not recorded for another one. Callers
 * may give many batches the same display name, so it is found only if exactly one matches.
 */
export async function searchBatch(
  ai: GoogleGenAI,
  { displayName, createdAt }: TrackedJob,
  httpOptions: RequestOptions['http'],
  belongsToOther: BelongsToOther,
): Promise<BatchSearch> {
  if (displayName === undefined) return { is: 'none' };
  const found: BatchJob[] = [];
  const pager = await ai.batches.list({ config: { pageSize: PAGE_SIZE, httpOptions } });
  const order = new CreationOrder(createdAt);
  let isComplete = false;
  for (let page = pager.page, pages = 1; ; pages += 1) {
    found.push(...page.filter((batch) => batch.displayName === displayName && isSince(batch, createdAt)));
    order.add(page);
    isComplete = order.isPast || !pager.hasNextPage();
    if (pages === MAX_PAGES || isComplete) break;
    page = await pager.nextPage();
  }
  const own: BatchJob[] = [];
  for (const batch of found) if (batch.name === undefined || !(await belongsToOther(batch.name))) own.push(batch);
  const [batch] = own;
  if (!batch) return { is: isComplete ? 'none' : 'unclear' };
  return own.length === 1 && batch.name !== undefined ? { is: 'found', name: batch.name, batch } : { is: 'unclear' };
}

/** Whether pages that list the newest batches first have come to those that are older than a job. */
class CreationOrder {
  readonly #createdAt: number;
  #last = Infinity;
  #isNewestFirst = true;

  constructor(createdAt: number) {
    this.#createdAt = createdAt;
  }

  add(page: readonly BatchJob[]): void {
    for (const { createTime } of page) {
      const created = Date.parse(createTime ?? '');
      if (!(created <= this.#last)) this.#isNewestFirst = false;
      this.#last = created;
    }
  }

  get isPast(): boolean {
    return this.#isNewestFirst && this.#last < this.#createdAt - CLOCK_SKEW_MS;
  }
}

function isSince({ createTime }: BatchJob, createdAt: number): boolean {
  const created = Date.parse(createTime ?? '');
  return Number.isNaN(created) || created >= createdAt - CLOCK_SKEW_MS;
}

/** Reads a batch's state. The SDK spells it `JOB_STATE_…`, the API `BATCH_STATE_…`. */
function stateOf({ state, dest, error }: BatchJob, name: string): JobState {
  const id = name.slice(name.lastIndexOf('/') + 1);
  switch (state?.replace(/^(JOB|BATCH)_STATE_/, '')) {
    case 'SUCCEEDED':
    case 'PARTIALLY_SUCCEEDED': {
      const file = dest?.fileName;
      const data = { id, ...(file !== undefined && { output_file_uri: file }) };
      return { is: 'ended', name, outcome: 'succeeded', event: { type: 'batch.succeeded', data } };
    }
    case 'FAILED': {
      const data = {
        id,
        ...(error?.code !== undefined && { error_code: error.code }),
        ...(error?.message !== undefined && { error_message: error.message }),
      };
      return { is: 'ended', name, outcome: 'failed', event: { type: 'batch.failed', data }, message: error?.message };
    }
    case 'EXPIRED':
      return { is: 'ended', name, outcome: 'expired', event: { type: 'batch.expired', data: { id } } };
    case 'CANCELLED':
      return { is: 'ended', name, outcome: 'cancelled', event: { type: 'batch.cancelled', data: { id } } };
    default:
      return { is: 'running' };
  }
}

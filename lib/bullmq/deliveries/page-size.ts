import type { FailedJob } from '../store/failed-jobs.js';

const FIRST_COUNT = 100;
const MAX_COUNT = 500;
/** Maximum number of stored bytes in a page: an event may be as large as the route's body limit. */
const MAX_BYTES = 4 * 1_024 * 1_024;
/** Estimated size of a job without its body. */
const JOB_OVERHEAD_BYTES = 500;

/** Number of jobs to read at a time: few round trips with bounded memory. */
export class PageSize {
  #count = FIRST_COUNT;

  get count(): number {
    return this.#count;
  }

  /** Adapts to the jobs of the last page. Grows at most fourfold. */
  fit(jobs: readonly FailedJob[]): void {
    if (jobs.length === 0) return;
    const bytes = jobs.reduce((sum, { data }) => sum + JOB_OVERHEAD_BYTES + bodyLength(data), 0) / jobs.length;
    this.#count = Math.max(1, Math.min(Math.floor(MAX_BYTES / bytes), this.#count * 4, MAX_COUNT));
  }
}

function bodyLength(data: unknown): number {
  const body: unknown = (data as { readonly body?: unknown } | null)?.body;
  return typeof body === 'string' ? body.length : 0;
}

import { TimeoutError } from '../errors.js';
import type { JobTracker, TrackedJob } from '../inbox/job-tracker.js';
import type { JobChecker, NameSearch } from './polling/job-checker.js';

/** Max wait for an answer once the request might be repeated: as long as for another process that starts the same job. */
const MAX_UNANSWERED_MS = 120_000;
const FIRST_SEARCH_MS = 1_000;
const MAX_SEARCH_MS = 10_000;

/** The job of an interrupted start, or the wait before the next look at it. */
export type Recovery = { readonly job: TrackedJob } | { readonly waitMs: number };

/**
 * Recovers an interrupted start for one caller: a batch by its display name, other jobs by the event that names them. Without
 * a list of batches that Gemini has answered, a batch may run: its request must not be repeated.
 */
export class StartRecovery {
  readonly #tracker: Pick<JobTracker, 'settlement' | 'rename'>;
  readonly #checker: Pick<JobChecker, 'findName'> | undefined;
  #searches = 0;
  #nextSearchAt = 0;
  /** Time since which no list has shown whether the batch exists, Unix milliseconds. */
  #unclearSince: number | undefined;
  #last: NameSearch | undefined;

  constructor(tracker: Pick<JobTracker, 'settlement' | 'rename'>, checker: Pick<JobChecker, 'findName'> | undefined) {
    this.#tracker = tracker;
    this.#checker = checker;
  }

  /**
   * Returns `undefined` if the request may be repeated.
   *
   * @param repeatAt time from which the request may be repeated, Unix milliseconds
   * @throws TimeoutError if it could be repeated, and Gemini has not answered for two minutes whether the batch exists
   */
  async look(job: TrackedJob, repeatAt: number): Promise<Recovery | undefined> {
    // A job whose start was interrupted may count as ended with an unknown outcome.
    if (await this.#tracker.settlement(job.id)) return { job };
    const now = Date.now();
    if (job.kind !== 'batch' || !this.#checker) return now < repeatAt ? { waitMs: repeatAt - now } : undefined;
    if (now >= this.#nextSearchAt) {
      const search = await this.#checker.findName(job);
      if (search.is === 'found') {
        await this.#tracker.rename(job.id, search.name);
        return { job: { ...job, name: search.name } };
      }
      // Only a list that was requested after that time is sure to show the batch.
      if (search.is === 'none' && now >= repeatAt) return undefined;
      this.#schedule(search, now, repeatAt);
    }
    if (this.#isGivenUp(repeatAt)) throw unanswered(job, this.#last);
    return { waitMs: Math.max(0, this.#nextSearchAt - Date.now()) };
  }

  #schedule(search: NameSearch, askedAt: number, repeatAt: number): void {
    const intervalMs = Math.min(FIRST_SEARCH_MS * 2 ** this.#searches, MAX_SEARCH_MS);
    this.#searches += 1;
    this.#last = search;
    if (search.is === 'none') {
      this.#unclearSince = undefined;
      this.#nextSearchAt = Math.min(Date.now() + intervalMs, repeatAt);
      return;
    }
    this.#unclearSince ??= askedAt;
    this.#nextSearchAt = Date.now() + (search.is === 'unanswered' ? search.waitMs : MAX_SEARCH_MS);
  }

  #isGivenUp(repeatAt: number): boolean {
    const now = Date.now();
    return this.#unclearSince !== undefined && now >= repeatAt && now - this.#unclearSince >= MAX_UNANSWERED_MS;
  }
}

function unanswered({ id, displayName }: TrackedJob, last: NameSearch | undefined): TimeoutError {
  const why =
    last?.is === 'unclear'
      ? `the list of batches does not show which one with the display name ${JSON.stringify(displayName)} it is`
      : 'Gemini does not answer whether it runs';
  return new TimeoutError(
    `GeminiJobs: the start of ${id} was interrupted, and ${why}. The request is not repeated, because the batch would be billed twice. Start it again later with the same key.`,
    { cause: last?.is === 'unanswered' ? last.error : undefined },
  );
}

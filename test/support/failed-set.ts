import { deliveryJobId, deliveryJobName, toDeliveryJobData } from '../../lib/bullmq/store/delivery-job.js';
import type { FailedJob, FailedJobs, FailedJobsFilter } from '../../lib/bullmq/store/failed-jobs.js';
import { deliveryOf } from './deliveries.js';

/** A failed set in memory, latest first. */
export class FailedSet {
  readonly retried: string[] = [];
  readonly progress: object[] = [];
  readonly ids: string[] = [];
  readonly pages: number[] = [];
  /** Filters that the store was asked to apply. */
  readonly filters: FailedJobsFilter[] = [];
  readonly #jobs = new Map<string, FailedJob>();
  /** Actions of other processes after a page or a batch of ids has been read. */
  meanwhile: () => void = () => undefined;
  refusal: Error | undefined;
  /** How many batches are retried before the store refuses. */
  accepted = 0;

  fail(count: number, type = 'batch.succeeded', body?: string, progress: object = {}): void {
    for (let event = 0; event < count; event += 1) {
      const delivery = deliveryOf({ type, id: `${type}_${this.#jobs.size}` });
      const id = deliveryJobId(delivery.key);
      this.ids.unshift(id);
      this.#jobs.set(id, {
        id,
        name: deliveryJobName(delivery),
        data: { ...toDeliveryJobData(delivery), ...(body !== undefined && { body }) },
        progress,
        attemptsMade: 3,
        failedReason: 'no',
        finishedOn: this.#jobs.size + 1,
        timestamp: 1,
      });
    }
  }

  /** Changes the newest job, for example to data of another version. */
  change(changes: Partial<FailedJob>): void {
    const id = this.ids[0]!;
    this.#jobs.set(id, { ...this.#jobs.get(id)!, ...changes });
  }

  take(id: string): void {
    this.ids.splice(this.ids.indexOf(id), 1);
  }

  get jobs(): FailedJobs {
    const read = async <T>(what: T): Promise<T> => {
      this.meanwhile();
      return what;
    };
    const page = (ids: readonly string[]) => {
      this.pages.push(ids.length);
      return read(ids.filter((id) => this.ids.includes(id)).map((id) => this.#jobs.get(id)!));
    };
    return {
      queueExists: async () => true,
      ids: (filter, start = 0, count) => {
        this.filters.push(filter);
        return read(this.ids.slice(start, count === undefined ? undefined : start + count));
      },
      narrow: async (ids, filter) => {
        this.filters.push(filter);
        return ids;
      },
      read: page,
      readStates: async (ids) => (await page(ids)).map(({ data: _unread, ...state }) => state),
      retry: async (retries) => {
        if (this.refusal && this.accepted-- <= 0) throw this.refusal;
        const there = retries.map(({ id }) => id).filter((id) => this.ids.includes(id));
        for (const id of there) this.take(id);
        this.retried.push(...there);
        this.progress.push(...retries.map(({ progress }) => progress));
        return new Set(there);
      },
      waitUntilReady: async () => undefined,
      close: async () => undefined,
      on: () => undefined,
    };
  }
}

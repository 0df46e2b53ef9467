import type { Job } from 'bullmq';
import type { DeliveryJobData } from './delivery-job.js';
import type { Connected } from './supervised.js';

/** A failed delivery job. */
export type FailedJob = Pick<
  Job<DeliveryJobData, void, string>,
  'id' | 'name' | 'data' | 'progress' | 'attemptsMade' | 'failedReason' | 'finishedOn' | 'timestamp'
>;

/** The fields of a failed delivery job that a replay needs. */
export type FailedJobState = Pick<FailedJob, 'id' | 'progress' | 'finishedOn' | 'timestamp'>;

/** Narrows reads. A store may return jobs that do not match, but must not omit one that does. */
export interface FailedJobsFilter {
  /** Job name, which is the event type as it was stored. A type that was decided later may differ from it. */
  readonly name?: string;
  /** Unix milliseconds, exclusive. */
  readonly before?: number;
  /** Unix milliseconds, exclusive. */
  readonly after?: number;
}

/** The progress with which a failed job is retried. */
export interface FailedJobRetry {
  readonly id: string;
  readonly progress: object;
}

/** BullMQ's failed set, read and retried in batches. These requests may take longer than those of Google's deliveries. */
export interface FailedJobs extends Connected {
  /** True if an app has ever opened the queue, also if it has no jobs. */
  queueExists(): Promise<boolean>;
  /** Returns ids in order of the latest failure: `count` of them from `start`, or all. */
  ids(filter: FailedJobsFilter, start?: number, count?: number): Promise<string[]>;
  /** Returns the ids that may match, for stores whose `ids` ignores the name. */
  narrow(ids: readonly string[], filter: FailedJobsFilter): Promise<readonly string[]>;
  /** Returns the jobs in the order of the ids, without jobs that have left the failed state. */
  read(ids: readonly string[]): Promise<FailedJob[]>;
  /** Returns the same jobs without their data, which is faster. */
  readStates(ids: readonly string[]): Promise<FailedJobState[]>;
  /**
   * Replaces the progress and requeues the jobs with all their attempts. Leaves a job that has left the failed state
   * unchanged, including its progress: it may be running.
   *
   * @returns ids of the requeued jobs
   */
  retry(retries: readonly FailedJobRetry[]): Promise<ReadonlySet<string>>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

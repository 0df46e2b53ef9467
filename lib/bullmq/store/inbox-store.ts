import type { Job, Processor, Queue, Relay, RelayOptions, Worker, WorkerOptions } from 'bullmq';
import type { GeminiInboxStats } from '../../inbox/inbox-stats.js';
import type { ClockSkew } from './clock-skew.js';
import type { DeliveryJobData } from './delivery-job.js';
import type { FailedJobs } from './failed-jobs.js';
import type { StoreLocks } from './store-locks.js';

export type StoredJob<Data, Result> = Job<Data, Result, string>;
export type StoreQueue<Data, Result> = Pick<
  Queue<Data, Result, string>,
  'add' | 'getJob' | 'remove' | 'waitUntilReady' | 'close' | 'on'
>;
export type StoreWorker<Data, Result> = Pick<
  Worker<Data, Result, string>,
  'waitUntilReady' | 'run' | 'close' | 'on' | 'isRunning'
>;

export type DeliveryJob = StoredJob<DeliveryJobData, void>;
export type DeliveryQueue = StoreQueue<DeliveryJobData, void>;

/** How a worker hands off a job to another one on this store. */
export interface HandOffPolicy {
  /** Number of times a job is requeued before it is delayed for the first time. */
  readonly requeuesBeforeDelay: number;
  /** Delay before a job is requeued, in milliseconds: by then this worker waits for its next job behind the others. */
  readonly requeueDelayMs: number;
}

/** The server's clock. */
export interface StoreClock {
  /** Compares this process's clock with the server's. */
  compare(): Promise<ClockSkew>;
  /** Name of the server. */
  readonly server: string;
  /** Sentence that says what goes wrong if the workers' clocks differ. */
  readonly skewEffect: string;
}

/** Counts of a queue's jobs, as its store returns them. */
export interface StoredStats extends Omit<GeminiInboxStats, 'oldestAgeMs'> {
  /** When the oldest unfinished job was added, in Unix milliseconds; `undefined` if there is none. */
  readonly oldestAddedAt: number | undefined;
}

/** The store port. Hides the differences between BullMQ on Redis and on PostgreSQL. */
export interface InboxStore {
  /** Opens a queue whose requests fail fast: the answer to Google waits for them. */
  queue<Data, Result>(name: string): StoreQueue<Data, Result>;
  /** Counts the jobs of a queue that was opened by `queue`, in one request of bounded size on its connection. */
  stats(queue: DeliveryQueue): Promise<StoredStats>;
  /** Opens the failed jobs of a queue on a separate connection: an operator can wait longer than Google. */
  failedJobs(queueName: string): FailedJobs;
  /**
   * Creates a worker whose connection survives outages of the store.
   *
   * @param handsOff true while workers of this queue hand off jobs to each other
   */
  worker<Data, Result>(
    name: string,
    processor: Processor<Data, Result, string>,
    options: Omit<WorkerOptions, 'connection'>,
    handsOff?: () => boolean,
  ): StoreWorker<Data, Result>;
  relay(namespace: string): Relay<never>;
  readonly handOffPolicy: HandOffPolicy;
  /** Returns the locks of the processes that share a queue. */
  locks(queueName: string): StoreLocks;
  /** Prepares the store, for example by migrating its schema. Retried until it succeeds. */
  prepare(): Promise<void>;
  /** Returns warnings about server settings that can lose events. */
  warnings(): Promise<readonly string[]>;
  readonly clock: StoreClock;
  /** Closes the connections that the store opened. */
  close(): Promise<void>;
}

/**
 * Intervals of BullMQ's relay. Few of the heartbeats reach the store (`limitUpkeep`); the others retry one that failed.
 * Sweeping only frees the memory of killed processes: messages to them are not stored any more.
 */
export const RELAY_TIMING = {
  leaseDuration: 60_000,
  heartbeatInterval: 5_000,
  sweepInterval: 300_000,
  blockTimeout: 30_000,
} satisfies Partial<RelayOptions>;

/** Timeout of one store request while a delivery is accepted, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 1_500;

/** Maximum time that the answer to a delivery waits for the store, in milliseconds: timeouts of single requests could add up. */
export const ANSWER_TIMEOUT_MS = 1_900;

/** Timeout of one store request of an operator, in milliseconds. */
export const OPERATOR_TIMEOUT_MS = 30_000;

/** True if BullMQ refused to change a job that this worker no longer holds. Its own errors have a number as their code. */
export function isLockLost(error: unknown): boolean {
  return typeof (error as { readonly code?: unknown }).code === 'number';
}

import type { Job, Processor, Queue, Relay, Worker, WorkerOptions } from 'bullmq';
import type { DeliveryJobData } from './delivery-job.js';
import type { StoreLock } from './store-lock.js';

export type StoredJob<Data, Result> = Job<Data, Result, string>;
export type StoreQueue<Data, Result> = Pick<
  Queue<Data, Result, string>,
  'add' | 'getJob' | 'getFailed' | 'getRanges' | 'remove' | 'waitUntilReady' | 'close' | 'on'
>;
export type StoreWorker<Data, Result> = Pick<Worker<Data, Result, string>, 'waitUntilReady' | 'close' | 'on'>;

export type DeliveryJob = StoredJob<DeliveryJobData, void>;
export type DeliveryQueue = StoreQueue<DeliveryJobData, void>;

/** How a worker best leaves a job to another. */
export interface HandoverWay {
  /** How often a job is put back before it is delayed for the first time. */
  readonly putBackFirst: number;
  /** How long a job is kept before it is put back, in milliseconds: by then this worker waits for its next, behind the others. */
  readonly holdMs: number;
}

/** What the two backends of BullMQ have in common for the inbox. Each difference between them is behind it. */
export interface InboxStore {
  /**
   * A connection that fails fast: an answer to Google waits for it.
   *
   * @param connections at most, on PostgreSQL
   */
  queue<Data, Result>(name: string, connections?: number): StoreQueue<Data, Result>;
  /** A connection that outlives the store's outages. */
  worker<Data, Result>(
    name: string,
    processor: Processor<Data, Result, string>,
    options: Omit<WorkerOptions, 'connection'>,
    connections?: number,
  ): StoreWorker<Data, Result>;
  relay(namespace: string): Relay<never>;
  readonly handover: HandoverWay;
  /** The locks of the processes that share a queue. */
  lock(queueName: string): StoreLock;
  /** Makes the store usable, such as by migrating its schema. Called again until it succeeds. */
  prepare(): Promise<void>;
  /** Settings of the server that can lose events. */
  warnings(): Promise<readonly string[]>;
  /** Releases what the store itself opened. */
  close(): Promise<void>;
}

/** How long the store may take to answer one request of the accepting side, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 1_500;

/** How long an answer waits at most for the store, in milliseconds: each request's own limits do not add up to one. */
export const ANSWER_TIMEOUT_MS = 1_900;

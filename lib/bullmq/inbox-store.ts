import type { Job, Processor, Queue, Relay, Worker, WorkerOptions } from 'bullmq';
import type { DeliveryJobData } from './delivery-job.js';

export type DeliveryJob = Job<DeliveryJobData, void, string>;
export type DeliveryQueue = Pick<
  Queue<DeliveryJobData, void, string>,
  'add' | 'getJob' | 'getFailed' | 'getFailedCount' | 'waitUntilReady' | 'close' | 'on'
>;
export type DeliveryWorker = Pick<Worker<DeliveryJobData, void, string>, 'waitUntilReady' | 'close' | 'on'>;

/** What the two backends of BullMQ have in common for the inbox. Each difference between them is behind it. */
export interface InboxStore {
  /** A connection that fails fast: an answer to Google waits for it. */
  queue(name: string): DeliveryQueue;
  /** A connection that outlives the store's outages. */
  worker(
    name: string,
    processor: Processor<DeliveryJobData, void, string>,
    options: Omit<WorkerOptions, 'connection'>,
  ): DeliveryWorker;
  relay(namespace: string): Relay<never>;
  /** Makes the store usable, such as by migrating its schema. Called again until it succeeds. */
  prepare(): Promise<void>;
  /** Settings of the server that can lose events. */
  warnings(): Promise<readonly string[]>;
  /** Releases what the store itself opened. */
  close(): Promise<void>;
}

/** How long the store may take to answer one request of the accepting side, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 1_500;

import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import type { JobTracking } from '../inbox/job-tracker.js';
import { settlesWithin } from '../with-timeout.js';
import { BullmqJobTracker } from './bullmq-job-tracker.js';
import type { BullmqInboxConfig } from './bullmq-inbox.options.js';
import { DrainingWorker } from './draining-worker.js';
import { endingEvents } from './ending-events.js';
import type { DeliveryQueue, InboxStore } from './inbox-store.js';
import { jobCheckProcessor } from './job-check-processor.js';
import { SettledJobs } from './settled-jobs.js';
import { Supervised, withErrorsHandled } from './supervised.js';
import {
  isTrackedJob,
  type JobQueue,
  type JobResult,
  type TrackedJobAlias,
  type TrackedJobData,
} from './tracked-job.js';
import { workerOptions } from './worker-options.js';

/** How many jobs one process checks at once. Most are ended by their event, which takes a few milliseconds. */
const CHECKS_AT_ONCE = 16;
/** Few, on PostgreSQL: a server has 100 of them by default, for all processes and all else. */
const CONNECTIONS = { queue: 3, worker: 3 };
const CLOSE_TIMEOUT_MS = 2_000;

/** What the tracked jobs need of the inbox that they belong to. */
export interface JobsInbox {
  readonly registration: string;
  queue(): DeliveryQueue;
  /** Takes what a look-up found, also while the app shuts down. */
  accept(delivery: VerifiedDelivery): Promise<unknown>;
  tellSettled(ids: readonly string[]): Promise<void>;
  onFailure(message: string): void;
}

/** The queue of tracked jobs, and the worker that checks them. */
export class TrackedJobs {
  readonly tracker: BullmqJobTracker;
  readonly #tracking: JobTracking;
  readonly #config: BullmqInboxConfig;
  readonly #inbox: JobsInbox;
  readonly #settled: SettledJobs;
  #queue: Supervised<JobQueue> | undefined;
  #worker: DrainingWorker<TrackedJobData | TrackedJobAlias, JobResult> | undefined;

  constructor(tracking: JobTracking, config: BullmqInboxConfig, inbox: JobsInbox) {
    this.#tracking = tracking;
    this.#config = config;
    this.#inbox = inbox;
    this.#settled = new SettledJobs(
      (ids) => inbox.tellSettled(ids),
      (error) => inbox.onFailure(`the other processes were not told of jobs that ended: ${messageOf(error)}`),
    );
    const { keepCompletedMs, keepFailedMs } = config;
    const { reconcile } = tracking;
    this.tracker = new BullmqJobTracker(() => this.#openQueue(), this.#settled, {
      reconcile,
      keepCompletedMs,
      keepFailedMs,
    });
  }

  /** Some process has seen these jobs end. */
  hear(ids: readonly string[]): void {
    this.#settled.hear(ids);
  }

  start(store: InboxStore, prepared: () => Promise<void>): void {
    const { onFailure } = this.#inbox;
    const name = `${this.#config.queueName}-jobs`;
    this.#queue = new Supervised<JobQueue>({
      make: async () => {
        await prepared();
        return withErrorsHandled(store.queue<TrackedJobData | TrackedJobAlias, JobResult>(name, CONNECTIONS.queue));
      },
      onFailure,
    });
    this.#queue.start();
    if (!this.#config.workers) return;
    this.#worker = new DrainingWorker<TrackedJobData | TrackedJobAlias, JobResult>({
      make: async (watched) => {
        await prepared();
        const processor = await this.#processor();
        const options = workerOptions(this.#config, CHECKS_AT_ONCE);
        const worker = withErrorsHandled(store.worker(name, watched(processor), options, CONNECTIONS.worker));
        worker.on('completed', (job) => this.#ended(job));
        worker.on('failed', (job) => job?.finishedOn !== undefined && this.#ended(job));
        return worker;
      },
      onFailure,
    });
    this.#worker.start();
  }

  #processor() {
    const { queue, registration, accept } = this.#inbox;
    return jobCheckProcessor({
      tracking: this.#tracking,
      findEvent: endingEvents(queue, registration),
      accept,
      learnName: (job, name) => this.tracker.learnName(job, name),
    });
  }

  /** Once the store says so: whoever hears it asks there. */
  #ended(job: Parameters<typeof isTrackedJob>[0]): void {
    if (isTrackedJob(job)) this.#settled.tell(job.data.id);
  }

  async #openQueue(): Promise<JobQueue> {
    const queue = await this.#queue?.ready();
    if (queue) return queue;
    throw new GeminiWebhooksError('inbox_unavailable', 'The record of jobs is not open.');
  }

  /** Checks no more, and waits (bounded) for checks that run. */
  async drain(): Promise<void> {
    await this.#worker?.drain(this.#config.drainTimeoutMs);
  }

  async close(): Promise<void> {
    const queue = await this.#queue?.stop();
    if (queue) await settlesWithin(queue.close(), CLOSE_TIMEOUT_MS);
  }
}

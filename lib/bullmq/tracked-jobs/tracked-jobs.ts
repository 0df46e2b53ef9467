import { Logger } from '@nestjs/common';
import { GeminiWebhooksError, messageOf } from '../../errors.js';
import type { VerifiedDelivery } from '../../events/verified-delivery.js';
import type { JobTracking } from '../../inbox/job-tracker.js';
import { outcomeOfEvent } from '../../jobs/job-outcome.js';
import { OccasionalWarning } from '../../shared/occasional-warning.js';
import { RunningWork } from '../../shared/running-work.js';
import { settlesWithin } from '../../shared/timeouts.js';
import { BullmqJobTracker } from './bullmq-job-tracker.js';
import type { BullmqInboxConfig } from '../bullmq-inbox.options.js';
import { DrainingWorker } from '../store/draining-worker.js';
import { endingEventFinder } from './ending-events.js';
import type { DeliveryQueue, InboxStore } from '../store/inbox-store.js';
import { trackedJobProcessor } from './tracked-job-processor.js';
import { EndedJobs } from './ended-jobs.js';
import { Supervised, withErrorsHandled } from '../store/supervised.js';
import {
  isTrackedJob,
  type TrackedJobQueue,
  type TrackedJobResult,
  type TrackedJobAlias,
  type TrackedJobData,
} from './tracked-job.js';
import { workerOptions } from '../store/worker-options.js';

/** Maximum number of concurrent checks in one process. Most jobs end by their event, which takes a few milliseconds. */
const MAX_CONCURRENT_CHECKS = 16;
const CLOSE_TIMEOUT_MS = 2_000;

/** The parts of the inbox that tracked jobs use. */
export interface TrackedJobsHost {
  readonly registration: string;
  /** Rejects with `inbox_unavailable` while the store is unavailable. */
  queue(): Promise<DeliveryQueue>;
  /** Accepts an event found by polling, also during shutdown. */
  accept(delivery: VerifiedDelivery): Promise<unknown>;
  /** Publishes to peers which tracked jobs have ended. */
  publishEnded(ids: readonly string[]): Promise<void>;
  onFailure(message: string): void;
}

/** The queue of tracked jobs and the worker that checks them. */
export class TrackedJobs {
  readonly tracker: BullmqJobTracker;
  readonly #tracking: JobTracking;
  readonly #config: BullmqInboxConfig;
  readonly #host: TrackedJobsHost;
  readonly #endedJobs: EndedJobs;
  readonly #findEvent: ReturnType<typeof endingEventFinder>;
  readonly #checks = new RunningWork();
  readonly #failedChecks = new OccasionalWarning(new Logger('GeminiWebhooks'));
  #queue: Supervised<TrackedJobQueue> | undefined;
  #worker: DrainingWorker<TrackedJobData | TrackedJobAlias, TrackedJobResult> | undefined;

  constructor(tracking: JobTracking, config: BullmqInboxConfig, host: TrackedJobsHost) {
    this.#tracking = tracking;
    this.#config = config;
    this.#host = host;
    this.#endedJobs = new EndedJobs(
      (ids) => host.publishEnded(ids),
      (error) => host.onFailure(`ended jobs were not published to the other processes: ${messageOf(error)}`),
    );
    const { keepCompletedMs, keepFailedMs } = config;
    const { reconcile } = tracking;
    this.#findEvent = endingEventFinder(host.queue, host.registration);
    this.tracker = new BullmqJobTracker(() => this.#openQueue(), this.#endedJobs, {
      findEvent: this.#findEvent,
      settlementOf: outcomeOfEvent,
      reconcile,
      keepCompletedMs,
      keepFailedMs,
    });
  }

  /** Notifies this process's watchers of jobs that ended in another process. */
  receiveEnded(ids: readonly string[]): void {
    this.#endedJobs.receive(ids);
  }

  start(store: InboxStore, prepare: () => Promise<void>): void {
    const { onFailure } = this.#host;
    const name = `${this.#config.queueName}-jobs`;
    this.#queue = new Supervised<TrackedJobQueue>({
      make: async () => {
        await prepare();
        return withErrorsHandled(store.queue<TrackedJobData | TrackedJobAlias, TrackedJobResult>(name));
      },
      onFailure,
    });
    this.#queue.start();
    if (!this.#config.workers) return;
    this.#worker = new DrainingWorker<TrackedJobData | TrackedJobAlias, TrackedJobResult>({
      make: async () => {
        await prepare();
        const processor = await this.#processor();
        const options = workerOptions(this.#config, MAX_CONCURRENT_CHECKS);
        const worker = withErrorsHandled(store.worker(name, processor, options));
        worker.on('completed', (job) => this.#onEnded(job));
        worker.on('failed', (job) => job?.finishedOn !== undefined && this.#onEnded(job));
        return worker;
      },
      work: [this.#checks],
      onFailure,
    });
    this.#worker.start();
  }

  #processor() {
    const { check, ...tracking } = this.#tracking;
    return trackedJobProcessor({
      tracking: { ...tracking, check: (job, event) => check(job, event).finally(this.#checks.begin(job.id)) },
      findEvent: this.#findEvent,
      accept: (delivery) => this.#host.accept(delivery),
      learnName: (job, name) => this.tracker.learnName(job, name),
      publishLost: ({ id }) => this.#endedJobs.publish(id),
      onFailure: (message) => this.#failedChecks.warn(message),
    });
  }

  /** Called after the store has recorded the end: watchers read it there. */
  #onEnded(job: Parameters<typeof isTrackedJob>[0]): void {
    if (isTrackedJob(job)) this.#endedJobs.publish(job.data.id);
  }

  async #openQueue(): Promise<TrackedJobQueue> {
    const queue = await this.#queue?.ready();
    if (queue) return queue;
    throw new GeminiWebhooksError('inbox_unavailable', 'The record of Gemini jobs is closed.');
  }

  /** Starts no more checks and waits (bounded) for running ones. */
  async drain(): Promise<void> {
    await this.#worker?.drain(this.#config.drainTimeoutMs);
  }

  async close(): Promise<void> {
    const queue = await this.#queue?.stop();
    if (queue) await settlesWithin(queue.close(), CLOSE_TIMEOUT_MS);
  }
}

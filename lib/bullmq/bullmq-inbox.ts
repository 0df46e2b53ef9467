import { Logger } from '@nestjs/common';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import type { InboxEngine, InboxEngineFactory, InboxHost, InboxReceipt } from '../inbox/inbox-engine.js';
import type { JobTracker } from '../inbox/job-tracker.js';
import { OccasionalWarning } from '../occasional-warning.js';
import { settlesWithin, withTimeout } from '../with-timeout.js';
import { bullmqInboxConfig, type BullmqInboxConfig, type BullmqInboxOptions } from './bullmq-inbox.options.js';
import { jobIdOf, jobNameOf, toJobData, type DeliveryJobData } from './delivery-job.js';
import { deliveryProcessor } from './delivery-processor.js';
import { DrainingWorker } from './draining-worker.js';
import { FailedDeliveries } from './failed-deliveries.js';
import { Fleet } from './fleet.js';
import { ANSWER_TIMEOUT_MS, type DeliveryQueue, type InboxStore } from './inbox-store.js';
import { once } from './once.js';
import { postgresStore } from './postgres-store.js';
import { redisStore } from './redis-store.js';
import type { StoreLock } from './store-lock.js';
import { Supervised, withErrorsHandled } from './supervised.js';
import { TrackedJobs } from './tracked-jobs.js';
import { workerOptions } from './worker-options.js';

const CLOSE_TIMEOUT_MS = 2_000;

/**
 * A durable inbox on BullMQ, for any number of processes on one Redis, Valkey or PostgreSQL: an event is stored, then
 * acknowledged, then handled by a worker, with attempts and backoff of its own.
 *
 * @example
 * GeminiWebhooksModule.forRoot({ inbox: bullmqInbox({ url: 'postgres://localhost/app' }) })
 *
 * @throws GeminiWebhooksError `invalid_option`, at start
 */
export function bullmqInbox(options: BullmqInboxOptions = {}): InboxEngineFactory {
  return (host) => new BullmqInbox(host, bullmqInboxConfig(options, host));
}

class BullmqInbox implements InboxEngine {
  readonly failedEvents = new FailedDeliveries(() => this.#openQueue());
  readonly #host: InboxHost;
  readonly #config: BullmqInboxConfig;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #trouble = new OccasionalWarning(this.#logger);
  readonly #shutdown = new AbortController();
  readonly #jobs: TrackedJobs | undefined;
  #store: InboxStore | undefined;
  #lock: StoreLock | undefined;
  #queue: Supervised<DeliveryQueue> | undefined;
  #worker: DrainingWorker<DeliveryJobData, void> | undefined;
  #fleet: Fleet | undefined;
  #closing: Promise<void> | undefined;

  constructor(host: InboxHost, config: BullmqInboxConfig) {
    this.#host = host;
    this.#config = config;
    this.#jobs =
      host.jobs &&
      new TrackedJobs(host.jobs, config, {
        registration: host.registration,
        queue: () => this.#queueOf(),
        accept: (delivery) => this.#add(this.#queueOf(), delivery),
        tellSettled: async (ids) => this.#fleet?.tellSettled(ids),
        onFailure: (message) => this.#trouble.warn(`Tracked jobs: ${message}`),
      });
  }

  get jobs(): JobTracker | undefined {
    return this.#jobs?.tracker;
  }

  async start(): Promise<void> {
    const { target, concurrency, migrate, prefix, queueName, workers } = this.#config;
    const store =
      target.kind === 'redis'
        ? await redisStore(target, prefix)
        : await postgresStore(target, { schema: prefix ?? 'bullmq', migrate, concurrency });
    this.#store = store;
    this.#lock = store.lock(queueName);
    const onFailure = (message: string) => this.#trouble.warn(`The inbox's store is not there yet: ${message}`);
    const prepared = once(() => store.prepare());
    this.#queue = new Supervised({
      make: async () => {
        await prepared();
        return withErrorsHandled(store.queue<DeliveryJobData, void>(queueName));
      },
      onFailure,
    });
    this.#fleet = new Fleet(
      async () => {
        await prepared();
        return store.relay(queueName);
      },
      {
        announce: (delivery) => this.#host.announce(delivery),
        load: async (key) => (await this.#openQueue().getJob(jobIdOf(key)))?.data,
        settled: this.#jobs && ((ids) => this.#jobs?.hear(ids)),
        self: { works: workers, handlers: workers ? this.#host.handlers() : [] },
        onFailure: (message) => this.#trouble.warn(`The fleet's messages: ${message}`),
      },
    );
    this.#queue.start();
    this.#fleet.start();
    this.#jobs?.start(store, prepared);
    if (workers) this.#startWorker(store, this.#fleet, prepared, onFailure);
    void this.#queue.ready().then((queue) => queue && this.#warnOfSettings(store));
  }

  #startWorker(
    store: InboxStore,
    fleet: Fleet,
    prepared: () => Promise<void>,
    onFailure: (message: string) => void,
  ): void {
    const { concurrency, queueName } = this.#config;
    this.#worker = new DrainingWorker<DeliveryJobData, void>({
      make: async (watched) => {
        await prepared();
        // A worker that others do not know of could be passed over, and one that does not know of them swallow their events.
        await fleet.ready();
        const processor = await deliveryProcessor(this.#host, fleet, this.#shutdown.signal, store.handover);
        return withErrorsHandled(store.worker(queueName, watched(processor), workerOptions(this.#config, concurrency)));
      },
      onFailure,
    });
    this.#worker.start();
  }

  async #warnOfSettings(store: InboxStore): Promise<void> {
    try {
      for (const warning of await store.warnings()) this.#logger.warn(warning);
    } catch (error) {
      if (!this.#closing) this.#logger.warn(`The store's settings could not be read: ${messageOf(error)}`);
    }
  }

  async accept(delivery: VerifiedDelivery): Promise<InboxReceipt> {
    await this.#add(this.#openQueue(), delivery);
    return { status: 'accepted', httpStatus: 202 };
  }

  async #add(queue: DeliveryQueue, delivery: VerifiedDelivery): Promise<void> {
    const { attempts, backoff, keepCompletedMs, keepFailedMs } = this.#config;
    try {
      await withTimeout(
        queue.add(jobNameOf(delivery), toJobData(delivery), {
          jobId: jobIdOf(delivery.key),
          attempts,
          backoff,
          removeOnComplete: { age: Math.ceil(keepCompletedMs / 1000) },
          removeOnFail: { age: Math.ceil(keepFailedMs / 1000) },
        }),
        ANSWER_TIMEOUT_MS,
        'the store did not answer',
      );
    } catch (cause) {
      this.#trouble.warn(`An event could not be stored, Google keeps it: ${messageOf(cause)}`);
      throw new GeminiWebhooksError('inbox_unavailable', 'The event could not be stored.', { cause });
    }
  }

  async lock<Result>(
    name: string,
    work: (held: AbortSignal) => Promise<Result>,
    options: { readonly waitMs: number },
  ): Promise<Result> {
    if (!this.#lock) throw new GeminiWebhooksError('inbox_unavailable', 'The inbox has not been started yet.');
    return this.#lock.run(name, work, options);
  }

  #openQueue(): DeliveryQueue {
    if (this.#closing) throw new GeminiWebhooksError('inbox_unavailable', 'The app is shutting down.');
    return this.#queueOf();
  }

  /** Also while the app shuts down, for what still runs. */
  #queueOf(): DeliveryQueue {
    const queue = this.#queue?.current;
    if (queue) return queue;
    throw new GeminiWebhooksError('inbox_unavailable', 'The store is not there yet.');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#fleet?.leave(), this.#drain(), this.#jobs?.drain(), this.#lock?.close()]);
    await Promise.all([this.#fleet?.close(), this.#jobs?.close(), this.#closeQueue()]);
    await this.#store?.close();
  }

  async #drain(): Promise<void> {
    if ((await this.#worker?.drain(this.#config.drainTimeoutMs)) !== false) return;
    // What they do not finish has a checkpoint or runs again: the job stays in the store.
    this.#shutdown.abort(new GeminiWebhooksError('closed', 'The app is shutting down.'));
  }

  async #closeQueue(): Promise<void> {
    const queue = await this.#queue?.stop();
    if (queue) await settlesWithin(queue.close(), CLOSE_TIMEOUT_MS);
  }
}

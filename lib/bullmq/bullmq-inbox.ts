import { Logger } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { RunningWork } from '../shared/running-work.js';
import type { InboxEngine, InboxEngineFactory, InboxHost, InboxReceipt } from '../inbox/inbox-engine.js';
import type { GeminiInboxStats, InboxHealth } from '../inbox/inbox-stats.js';
import type { JobTracker } from '../inbox/job-tracker.js';
import { OccasionalWarning } from '../shared/occasional-warning.js';
import { singleFlightUntilSuccess } from '../shared/single-flight.js';
import { AbsentWorkers } from './peers/absent-workers.js';
import {
  bullmqInboxConfig,
  INBOX_TIMING,
  type BullmqInboxConfig,
  type BullmqInboxOptions,
  type InboxTiming,
} from './bullmq-inbox.options.js';
import { deliveryJobId, type DeliveryJobData } from './store/delivery-job.js';
import { deliveryWorker } from './deliveries/delivery-worker.js';
import { undrainedWarning, type DrainingWorker } from './store/draining-worker.js';
import { FailedDeliveries } from './deliveries/failed-deliveries.js';
import { storeDelivery } from './deliveries/store-delivery.js';
import { InboxStatus } from './inbox-status.js';
import type { FailedJobs } from './store/failed-jobs.js';
import { Peers } from './peers/peers.js';
import { checkHandlerNames } from './peers/handler-names.js';
import type { RosterHandler } from './peers/handler-roster.js';
import { ANSWER_TIMEOUT_MS, type DeliveryQueue, type InboxStore } from './store/inbox-store.js';
import { memberOf } from './peers/member.js';
import { openStore } from './open-store.js';
import { StoreChecks } from './store/store-checks.js';
import type { LockWait, StoreLocks } from './store/store-locks.js';
import { StoreMonitor } from './store/store-monitor.js';
import { StoreOutages } from './store/store-outages.js';
import { closeWithin, openWithin, Supervised, withErrorsHandled } from './store/supervised.js';
import { TrackedJobs } from './tracked-jobs/tracked-jobs.js';

const CLOSE_TIMEOUT_MS = 2_000;
const NOT_STARTED = 'The inbox has not been started yet.';
/** How long an operator's first request waits for its connection. A distant server takes many round trips. */
const OPERATOR_CONNECT_MS = 10_000;

/**
 * A durable inbox on BullMQ for any number of processes on one Redis, Valkey or PostgreSQL. It stores an event before it
 * acknowledges it; a worker then handles the event, with retries and backoff.
 *
 * @example
 * GeminiWebhooksModule.forRoot({ inbox: bullmqInbox({ url: 'postgres://localhost/app' }) })
 *
 * @throws GeminiWebhooksError `invalid_option`, at start
 */
export function bullmqInbox(options: BullmqInboxOptions = {}): InboxEngineFactory {
  return (host) => new BullmqInbox(host, bullmqInboxConfig(options, host));
}

/** The engine of `bullmqInbox`. */
export class BullmqInbox implements InboxEngine {
  readonly failedEvents = new FailedDeliveries(async () => {
    await this.#openQueue();
    this.#failedJobs?.start();
    return openWithin(this.#failedJobs, OPERATOR_CONNECT_MS);
  });
  readonly #host: InboxHost;
  readonly #config: BullmqInboxConfig;
  readonly #timing: InboxTiming;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #warning = new OccasionalWarning(this.#logger);
  readonly #outages = new StoreOutages(this.#logger);
  readonly #monitor = new StoreMonitor(this.#outages);
  readonly #checks = new StoreChecks(this.#logger);
  readonly #running = new RunningWork();
  readonly #leaving = new AbortController();
  readonly #shutdown = new AbortController();
  /** Aborts earlier than `#shutdown`: waiting for the store must not delay the shutdown. */
  readonly #storeWait = new AbortController();
  readonly #trackedJobs: TrackedJobs | undefined;
  #store: InboxStore | undefined;
  #locks: StoreLocks | undefined;
  #queue: Supervised<DeliveryQueue> | undefined;
  #failedJobs: Supervised<FailedJobs> | undefined;
  #worker: DrainingWorker<DeliveryJobData, void> | undefined;
  #peers: Peers | undefined;
  #status: InboxStatus | undefined;
  /** Handlers of this process, without those of the module itself. */
  #handlers: readonly RosterHandler[] = [];
  #closing: Promise<void> | undefined;

  constructor(host: InboxHost, config: BullmqInboxConfig, timing: Partial<InboxTiming> = {}) {
    this.#host = host;
    this.#config = config;
    this.#timing = { ...INBOX_TIMING, ...timing };
    this.#trackedJobs =
      host.jobs &&
      new TrackedJobs(host.jobs, config, {
        registration: host.registration,
        queue: () => this.#queueOf(),
        accept: (delivery) => this.#add(delivery),
        publishEnded: async (ids) => this.#peers?.publishEnded(ids),
        onFailure: (message) => this.#warning.warn(`The record of Gemini jobs is unavailable: ${message}`),
      });
  }

  get hasWorkers(): boolean {
    return this.#config.workers;
  }

  get jobs(): JobTracker | undefined {
    return this.#trackedJobs?.tracker;
  }

  async start(): Promise<void> {
    if (this.#closing) return;
    const { queueName, workers } = this.#config;
    if (workers) checkHandlerNames(this.#host.handlers());
    const store = await openStore(this.#config, {
      onError: (error) => this.#closing ?? this.#outages.unavailable(error),
      onReady: () => this.#outages.available(),
    });
    // Nest's `close` does not wait for an app that is still starting.
    if (this.#closing) return store.close();
    this.#store = store;
    this.#locks = store.locks(queueName);
    const onFailure = (message: string) => this.#outages.unavailable(message);
    this.#handlers = this.#host.handlers().filter(({ isInternal }) => !isInternal);
    const absent = new AbsentWorkers(this.#logger, { queueName, afterMs: this.#timing.workerAbsentMs });
    const prepare = singleFlightUntilSuccess(() => store.prepare());
    this.#queue = new Supervised({
      make: async () => {
        await prepare();
        return withErrorsHandled(store.queue<DeliveryJobData, void>(queueName));
      },
      onFailure,
    });
    this.#failedJobs = new Supervised({ make: async () => withErrorsHandled(store.failedJobs(queueName)), onFailure });
    this.#peers = new Peers(
      async () => {
        await prepare();
        return store.relay(queueName);
      },
      {
        publishLocally: (delivery) => this.#host.announce(delivery),
        load: async (key) => (await (await this.#openQueue()).getJob(deliveryJobId(key)))?.data,
        onEndedJobs: this.#trackedJobs && ((ids) => this.#trackedJobs?.receiveEnded(ids)),
        self: memberOf(this.#host, workers),
        queueName,
        ...(!workers && { onHeartbeat: (heartbeat) => absent.onHeartbeat(heartbeat) }),
        onFailure: (message) => this.#warning.warn(`Messages between processes: ${message}`),
      },
    );
    this.#queue.start();
    this.#peers.start();
    this.#trackedJobs?.start(store, prepare);
    if (workers) {
      this.#worker = deliveryWorker({
        host: this.#host,
        config: this.#config,
        store,
        peers: this.#peers,
        logger: this.#logger,
        leaving: this.#leaving.signal,
        shutdown: this.#shutdown.signal,
        storeWaitSignal: this.#storeWait.signal,
        handlerWaitMs: this.#timing.handlerWaitMs,
        load: async (id) => (await this.#queueOf()).getJob(id),
        prepare,
        running: this.#running,
        onFailure,
      });
      this.#worker.start();
    }
    this.#status = new InboxStatus({ store, queue: this.#queue, peers: this.#peers, worker: this.#worker });
    void this.#queue.ready().then((queue) => {
      if (!queue) return;
      this.#outages.available();
      this.#monitor.start(queue);
      void this.#checks.run(store, { clock: workers });
    });
  }

  async accept(delivery: VerifiedDelivery): Promise<InboxReceipt> {
    this.#checkOpen();
    await this.#add(delivery);
    return { status: 'accepted', httpStatus: 202 };
  }

  async #add(delivery: VerifiedDelivery): Promise<void> {
    await storeDelivery(() => this.#queueOf(), delivery, {
      config: this.#config,
      handlers: this.#handlers,
      trace: this.#host.traces?.carrier(),
      outages: this.#outages,
    });
  }

  async stats(): Promise<GeminiInboxStats> {
    this.#checkOpen();
    if (this.#status) return this.#status.stats();
    throw new GeminiWebhooksError('inbox_unavailable', NOT_STARTED);
  }

  async health(): Promise<InboxHealth> {
    if (this.#closing) return { store: 'closed', worker: 'stopped' };
    return this.#status?.health() ?? { store: 'connecting', worker: 'starting' };
  }

  async lock<Result>(name: string, work: (signal: AbortSignal) => Promise<Result>, options: LockWait): Promise<Result> {
    if (!this.#locks) throw new GeminiWebhooksError('inbox_unavailable', NOT_STARTED);
    return this.#locks.run(name, work, options);
  }

  #checkOpen(): void {
    if (this.#closing) throw new GeminiWebhooksError('inbox_unavailable', 'The app is shutting down.');
  }

  async #openQueue(): Promise<DeliveryQueue> {
    this.#checkOpen();
    return this.#queueOf();
  }

  /** Waits for the connection. Also open during shutdown: handlers that still run need the queue. */
  #queueOf(): Promise<DeliveryQueue> {
    return openWithin(this.#queue, ANSWER_TIMEOUT_MS);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#checks.stop();
    this.#monitor.stop();
    this.#leaving.abort();
    await Promise.all([this.#peers?.leave(), this.#drain(), this.#trackedJobs?.drain(), this.#locks?.close()]);
    const queues = [this.#queue, this.#failedJobs].map((supervised) => closeWithin(supervised, CLOSE_TIMEOUT_MS));
    await Promise.all([this.#peers?.close(), this.#trackedJobs?.close(), ...queues]);
    await this.#store?.close();
  }

  async #drain(): Promise<void> {
    const timer = setTimeout(() => this.#storeWait.abort(), CLOSE_TIMEOUT_MS);
    const isDrained = await this.#worker?.drain(this.#config.drainTimeoutMs);
    clearTimeout(timer);
    if (isDrained === false) this.#logger.warn(undrainedWarning(this.#running.names, this.#config.drainTimeoutMs));
    // From here on no handler starts. Unfinished ones have a checkpoint or run again: their jobs stay in the store.
    this.#shutdown.abort(new GeminiWebhooksError('closed', 'The app is shutting down.'));
    this.#storeWait.abort();
    if (isDrained === false) await this.#worker?.interrupted();
  }
}

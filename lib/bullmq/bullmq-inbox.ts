import { Logger } from '@nestjs/common';
import type { Processor } from 'bullmq';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import type { InboxEngine, InboxEngineFactory, InboxHost, InboxReceipt } from '../inbox/inbox-engine.js';
import { OccasionalWarning } from '../occasional-warning.js';
import { settlesWithin, withTimeout } from '../with-timeout.js';
import { bullmqInboxConfig, type BullmqInboxConfig, type BullmqInboxOptions } from './bullmq-inbox.options.js';
import { jobIdOf, jobNameOf, toJobData, type DeliveryJobData } from './delivery-job.js';
import { deliveryProcessor } from './delivery-processor.js';
import { FailedDeliveries } from './failed-deliveries.js';
import { Fleet } from './fleet.js';
import type { DeliveryQueue, DeliveryWorker, InboxStore } from './inbox-store.js';
import { postgresStore } from './postgres-store.js';
import { redisStore } from './redis-store.js';
import { Supervised } from './supervised.js';

type DeliveryProcessor = Processor<DeliveryJobData, void, string>;

/** How long Google waits at most for the store, in milliseconds: each request's own limits do not add up to one. */
const ACCEPT_TIMEOUT_MS = 1_900;
const CLOSE_TIMEOUT_MS = 2_000;
const STALLED_INTERVAL_MS = 5_000;
const RECONNECT_DELAY_MS = 1_000;
/** Kills never park a job as failed. A larger number is an error on PostgreSQL. */
const UNLIMITED = 1e9;

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
  readonly #running = new Set<Promise<void>>();
  #store: InboxStore | undefined;
  #queue: Supervised<DeliveryQueue> | undefined;
  #worker: Supervised<DeliveryWorker> | undefined;
  #fleet: Fleet | undefined;
  #closing: Promise<void> | undefined;

  constructor(host: InboxHost, config: BullmqInboxConfig) {
    this.#host = host;
    this.#config = config;
  }

  async start(): Promise<void> {
    const { target, concurrency, migrate, prefix, queueName, workers } = this.#config;
    const store =
      target.kind === 'redis'
        ? await redisStore(target, prefix)
        : await postgresStore(target, { schema: prefix ?? 'bullmq', migrate, concurrency });
    this.#store = store;
    const onFailure = (message: string) => this.#trouble.warn(`The inbox's store is not there yet: ${message}`);
    const prepared = once(() => store.prepare());
    this.#queue = new Supervised({
      make: async () => {
        await prepared();
        return withErrorsHandled(store.queue(queueName));
      },
      onFailure,
    });
    const handlers = workers ? this.#host.handlers() : [];
    this.#fleet = new Fleet(
      async () => {
        await prepared();
        return store.relay(queueName);
      },
      {
        announce: (delivery) => this.#host.announce(delivery),
        load: async (key) => (await this.#openQueue().getJob(jobIdOf(key)))?.data,
        handlers,
        onFailure: (message) => this.#trouble.warn(`The fleet's messages: ${message}`),
      },
    );
    this.#queue.start();
    this.#fleet.start();
    if (workers) this.#startWorker(store, this.#fleet, prepared, onFailure);
    void this.#queue.ready().then((queue) => queue && this.#warnOfSettings(store));
  }

  #startWorker(
    store: InboxStore,
    fleet: Fleet,
    prepared: () => Promise<void>,
    onFailure: (message: string) => void,
  ): void {
    const { concurrency, lockDurationMs, queueName } = this.#config;
    this.#worker = new Supervised({
      make: async () => {
        await prepared();
        // A worker that others do not know of could be passed over, and one that does not know of them swallow their events.
        await fleet.ready();
        const processor = await deliveryProcessor(this.#host, fleet, this.#shutdown.signal);
        return withErrorsHandled(
          store.worker(queueName, tracked(processor, this.#running), {
            concurrency,
            lockDuration: lockDurationMs,
            stalledInterval: Math.min(STALLED_INTERVAL_MS, lockDurationMs),
            maxStalledCount: UNLIMITED,
            runRetryDelay: RECONNECT_DELAY_MS,
          }),
        );
      },
      onFailure,
    });
    this.#worker.start();
  }

  async #warnOfSettings(store: InboxStore): Promise<void> {
    try {
      for (const warning of await store.warnings()) this.#logger.warn(warning);
    } catch (error) {
      this.#logger.warn(`The store's settings could not be read: ${messageOf(error)}`);
    }
  }

  async accept(delivery: VerifiedDelivery): Promise<InboxReceipt> {
    const queue = this.#openQueue();
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
        ACCEPT_TIMEOUT_MS,
        'the store did not answer',
      );
    } catch (cause) {
      this.#trouble.warn(`An event could not be stored, Google keeps it: ${messageOf(cause)}`);
      throw new GeminiWebhooksError('inbox_unavailable', 'The event could not be stored.', { cause });
    }
    return { status: 'accepted', httpStatus: 202 };
  }

  #openQueue(): DeliveryQueue {
    const queue = this.#closing ? undefined : this.#queue?.current;
    if (queue) return queue;
    throw new GeminiWebhooksError(
      'inbox_unavailable',
      this.#closing ? 'The app is shutting down.' : 'The store is not there yet.',
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#fleet?.leave(), this.#drain()]);
    await Promise.all([this.#fleet?.close(), this.#closeQueue()]);
    await this.#store?.close();
  }

  async #drain(): Promise<void> {
    const worker = await this.#worker?.stop();
    if (!worker) return;
    const closed = worker.close();
    const { drainTimeoutMs } = this.#config;
    const firstMs = Math.min(CLOSE_TIMEOUT_MS, drainTimeoutMs);
    // A worker whose store is down does not close: what counts is what runs.
    if ((await settlesWithin(closed, firstMs)) || this.#running.size === 0) return;
    const idle = Promise.race([closed, Promise.allSettled(this.#running)]);
    if (!(await settlesWithin(idle, drainTimeoutMs - firstMs))) {
      // What they do not finish has a checkpoint or runs again: the job stays in the store.
      this.#shutdown.abort(new GeminiWebhooksError('closed', 'The app is shutting down.'));
      return;
    }
    await settlesWithin(closed, CLOSE_TIMEOUT_MS);
  }

  async #closeQueue(): Promise<void> {
    const queue = await this.#queue?.stop();
    if (queue) await settlesWithin(queue.close(), CLOSE_TIMEOUT_MS);
  }
}

/** BullMQ tells of the store's outages by events, which need a listener; requests that fail say so themselves. */
function withErrorsHandled<T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(object: T): T {
  object.on('error', () => undefined);
  return object;
}

/** Keeps what runs, for as long as it does. */
function tracked(processor: DeliveryProcessor, running: Set<Promise<void>>): DeliveryProcessor {
  return (...given) => {
    const run = processor(...given);
    const forget = () => void running.delete(run);
    running.add(run);
    run.then(forget, forget);
    return run;
  };
}

/** Runs until it has succeeded once; whoever asks meanwhile shares the attempt. */
function once(work: () => Promise<void>): () => Promise<void> {
  let attempt: Promise<void> | undefined;
  return () => {
    attempt ??= work().catch((error: unknown) => {
      attempt = undefined;
      throw error;
    });
    return attempt;
  };
}

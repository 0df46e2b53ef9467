import type { Logger } from '@nestjs/common';
import { RunningWork } from '../../shared/running-work.js';
import type { InboxHost } from '../../inbox/inbox-engine.js';
import { OccasionalWarning } from '../../shared/occasional-warning.js';
import type { BullmqInboxConfig } from '../bullmq-inbox.options.js';
import type { DeliveryJobData } from '../store/delivery-job.js';
import { deliveryProcessor, type DeliveryProcessorOptions } from './delivery-processor.js';
import { DrainingWorker } from '../store/draining-worker.js';
import type { Peers } from '../peers/peers.js';
import type { InboxStore } from '../store/inbox-store.js';
import { EventLoopMonitor } from './event-loop-monitor.js';
import { CompletedHandlersCache } from './completed-handlers.js';
import { trackedDecisions } from './undecided-events.js';
import { withErrorsHandled } from '../store/supervised.js';
import { workerOptions } from '../store/worker-options.js';

/**
 * Share of its lock for which an attempt retries failed store requests. BullMQ renews a lock after half of its duration, so
 * the other half remains when renewal starts to fail.
 */
export const RETRY_SHARE_OF_LOCK = 0.4;

/** Options of `deliveryWorker`. */
export interface DeliveryWorkerOptions extends Pick<
  DeliveryProcessorOptions,
  'leaving' | 'shutdown' | 'storeWaitSignal' | 'handlerWaitMs' | 'load'
> {
  readonly host: InboxHost;
  readonly config: BullmqInboxConfig;
  readonly store: InboxStore;
  readonly peers: Peers;
  readonly logger: Logger;
  /** Resolves when the store can be used. */
  prepare(): Promise<void>;
  /** Keeps track of the handlers that run. */
  readonly running: RunningWork;
  onFailure(message: string): void;
}

/** Creates the worker that runs the handlers of an inbox's events. */
export function deliveryWorker({
  host,
  config,
  store,
  peers,
  logger,
  prepare,
  running,
  onFailure,
  ...limits
}: DeliveryWorkerOptions): DrainingWorker<DeliveryJobData, void> {
  const completedHandlers = new CompletedHandlersCache();
  const [storeFailure, missingHandlers, blocked, givenUp] = [
    new OccasionalWarning(logger),
    new OccasionalWarning(logger),
    new OccasionalWarning(logger),
    new OccasionalWarning({ warn: (message: string) => logger.error(message) }),
  ];
  const eventLoop = new EventLoopMonitor(config.lockDurationMs, {
    onBlocked: (message) => blocked.warn(message),
    running,
  });
  const decisions = new RunningWork();
  return new DrainingWorker<DeliveryJobData, void>({
    make: async () => {
      await prepare();
      // Peers must know this worker's handlers, and this worker theirs: otherwise one could complete the other's events.
      await peers.ready();
      const processor = await deliveryProcessor(host, peers, {
        ...limits,
        handOffPolicy: store.handOffPolicy,
        completedHandlers,
        lockDurationMs: config.lockDurationMs,
        storeRetryMs: config.lockDurationMs * RETRY_SHARE_OF_LOCK,
        onStoreFailure: (message) => storeFailure.warn(message),
        onMissingHandlers: (message) => missingHandlers.warn(message),
        onGivenUp: (message) => givenUp.warn(message),
        begin: (handler) => eventLoop.begin(handler),
        decide: trackedDecisions(host, decisions),
      });
      const options = workerOptions(config, config.concurrency);
      const handsOff = () => peers.handsOff;
      const worker = withErrorsHandled(store.worker(config.queueName, processor, options, handsOff));
      worker.on('completed', ({ id }) => completedHandlers.forget(id));
      worker.on('failed', (job) => job?.finishedOn !== undefined && completedHandlers.forget(job.id));
      return worker;
    },
    work: [running, decisions],
    onFailure,
  });
}

import type { Processor } from 'bullmq';
import { setMaxListeners } from 'node:events';
import { messageOf } from '../../errors.js';
import { catalogueType } from '../../events/event-catalogue.js';
import { matchesPattern } from '../../events/event-pattern.js';
import type { InboxHost } from '../../inbox/inbox-engine.js';
import type { DeliveryJobData } from '../store/delivery-job.js';
import type { Peers } from '../peers/peers.js';
import { handOffWith } from '../peers/hand-off.js';
import type { DeliveryJob, HandOffPolicy } from '../store/inbox-store.js';
import { completeOrRecord } from './complete-or-record.js';
import type { CompletedHandlersCache } from './completed-handlers.js';
import { DeliveryAttempt, type DeliveryAttemptOptions } from './delivery-attempt.js';
import { missingHandlers } from './missing-handlers.js';
import { publishAndDispatch } from './publish-and-dispatch.js';
import { waitForWorker, type WorkerWaitOptions } from './wait-for-worker.js';

/** Options of `deliveryProcessor`. */
export interface DeliveryProcessorOptions
  extends Omit<DeliveryAttemptOptions, 'now'>, Omit<WorkerWaitOptions, 'now' | 'handOff'> {
  /** Aborts when this process leaves its peers. Handlers that run continue until `shutdown`. */
  readonly leaving: AbortSignal;
  readonly shutdown: AbortSignal;
  readonly handOffPolicy: HandOffPolicy;
  /** Completed handlers in this process, across attempts. */
  readonly completedHandlers: CompletedHandlersCache;
  /** Called when a handler starts; the returned function is called when it has ended. */
  readonly begin?: (handler: string) => () => void;
  /** @default the host's */
  readonly decide?: InboxHost['decide'] | undefined;
  readonly now?: () => number;
}

/**
 * Processes one delivery job: publishes the event to peers, runs the handlers that have not completed, then completes,
 * retries, postpones or hands off the job.
 */
export async function deliveryProcessor(
  host: InboxHost,
  peers: Pick<Peers, 'publish' | 'handlersFor'>,
  { now = Date.now, ...processing }: DeliveryProcessorOptions,
): Promise<Processor<DeliveryJobData, void, string>> {
  const { leaving, shutdown: signal, completedHandlers, begin } = processing;
  const handOff = await handOffWith(processing.handOffPolicy);
  // Every event in progress listens during an outage of the store: Node reports more than ten listeners as a leak.
  setMaxListeners(0, processing.storeWaitSignal, leaving);
  const handlers = host.handlers();

  const work = async (attempt: DeliveryAttempt) => {
    const { checkpoints, job } = attempt;
    if (checkpoints.progress.discarded) return;
    const delivery = await attempt.delivery(processing.decide ?? host.decide?.bind(host));
    const { type } = delivery.event;
    // By the event, too: another app may have a handler of the same name that does not want this one.
    const own = handlers.filter(({ patterns }) => matchesPattern(catalogueType(type) ?? '', patterns));
    checkpoints.begin(own);
    const findMissing = async () =>
      missingHandlers(job, { delivery, own, wanted: await peers.handlersFor(type), checkpoints });
    const isWantedElsewhere = await findMissing().then(
      ({ names }) => names.length > 0,
      () => true,
    );

    // The worker may have fetched it at the last moment.
    if (signal.aborted) throw await attempt.interrupt();
    // Handlers run now: a wait for missing ones starts over.
    const keepUnfinished = () => void attempt.keepUnfinished({ waitingSince: undefined });
    leaving.addEventListener('abort', keepUnfinished);
    if (leaving.aborted) keepUnfinished();
    const { outcome, published } = await publishAndDispatch({ host, peers }, attempt, delivery, {
      isWantedElsewhere,
      signal,
      begin,
    }).finally(() => leaving.removeEventListener('abort', keepUnfinished));
    if (outcome.retryable.length > 0 && signal.aborted) throw await attempt.interrupt();
    await attempt.logFailures(outcome);
    if (outcome.retryable.length > 0) throw await attempt.retry(outcome.retryable);
    if (published.failed) {
      await checkpoints.flush();
      throw await attempt.postpone(`the event was not published to the other processes: ${messageOf(published.error)}`);
    }

    const missing = await findMissing().catch(async (error: unknown) => {
      await checkpoints.flush();
      throw await attempt.postpone(error);
    });
    if (missing.names.length > 0)
      throw await waitForWorker(attempt, delivery, missing, { ...processing, now, handOff });
    if (checkpoints.failed.length > 0) throw await attempt.giveUp(`${checkpoints.failed.join(', ')} failed for good`);
    completeOrRecord(job, checkpoints);
  };

  const run = (job: DeliveryJob, token: string | undefined) =>
    completedHandlers.run(job.id ?? '', async (completed) => {
      const attempt = new DeliveryAttempt(job, token, { ...processing, completed, now });
      await work(attempt).finally(() => attempt.checkpoints.end());
    });
  const { traces } = host;
  return traces ? (job: DeliveryJob, token) => traces.resume(job.data?.trace, () => run(job, token)) : run;
}

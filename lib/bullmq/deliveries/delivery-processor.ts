import type { Processor } from 'bullmq';
import { setMaxListeners } from 'node:events';
import { messageOf } from '../../errors.js';
import { catalogueType } from '../../events/event-catalogue.js';
import { matchesPattern } from '../../events/event-pattern.js';
import { decidedDelivery, type DecidedEvent, type VerifiedDelivery } from '../../events/verified-delivery.js';
import type { DispatchOutcome } from '../../handlers/dispatch.js';
import type { InboxHost } from '../../inbox/inbox-engine.js';
import { settlesWithin } from '../../shared/timeouts.js';
import { fromDeliveryJobData, withDecision, type DeliveryJobData } from '../store/delivery-job.js';
import type { Peers } from '../peers/peers.js';
import { handOffWith } from '../peers/hand-off.js';
import type { DeliveryJob, HandOffPolicy } from '../store/inbox-store.js';
import { completeOrRecord } from './complete-or-record.js';
import { DeliveryCheckpoints } from './delivery-checkpoints.js';
import {
  mayBeJoining,
  missingHandlers,
  missingReason,
  postponeForWorker,
  unavailableReason,
  type MissingHandlers,
} from './missing-handlers.js';
import { loadBullmq } from '../store/optional-peers.js';
import { RetryBudget } from './retry-budget.js';
import { retryDelayMs } from './retry-delay.js';
import type { CompletedHandlers, CompletedHandlersCache } from './completed-handlers.js';
import { postponeForStore } from './postpone-for-store.js';
import { postponeUndecided } from './undecided-events.js';

/** How long a message to the other processes may delay the checkpoint of a success, in milliseconds. */
const PUBLISH_MS = 50;

/** Options of `deliveryProcessor`. */
export interface DeliveryProcessorOptions {
  readonly shutdown: AbortSignal;
  /** Aborts during shutdown when waiting for the store must end. */
  readonly storeWaitSignal: AbortSignal;
  readonly handOffPolicy: HandOffPolicy;
  /** Completed handlers in this process, across attempts. */
  readonly completedHandlers: CompletedHandlersCache;
  /** How long an attempt retries failed store requests, in milliseconds. Less than half of its lock. */
  readonly storeRetryMs: number;
  /** How long an event waits for a worker that has its handlers, in milliseconds. */
  readonly handlerWaitMs: number;
  /** Called when a store request failed. */
  onStoreFailure(message: string): void;
  /** Called when events wait for handlers that no worker has. */
  onMissingHandlers(message: string): void;
  /** Called when an event failed because no worker ran its handlers. */
  onGivenUp(message: string): void;
  /** Called when a handler starts; the returned function is called when it has ended. */
  readonly begin?: (handler: string) => () => void;
  readonly now?: () => number;
}

/**
 * Processes one delivery job: publishes the event to peers, runs the handlers that have not completed, then completes,
 * retries, postpones or hands off the job.
 */
export async function deliveryProcessor(
  host: InboxHost,
  peers: Pick<Peers, 'publish' | 'handlersFor'>,
  processing: DeliveryProcessorOptions,
): Promise<Processor<DeliveryJobData, void, string>> {
  const {
    shutdown,
    storeWaitSignal,
    handOffPolicy,
    completedHandlers,
    storeRetryMs,
    handlerWaitMs,
    onStoreFailure,
    begin,
    now = Date.now,
  } = processing;
  const { UnrecoverableError } = await loadBullmq();
  const handOff = await handOffWith(handOffPolicy);
  // Every event in progress listens during an outage of the store: Node reports more than ten listeners as a leak.
  setMaxListeners(0, storeWaitSignal);
  const handlers = host.handlers();

  const handOffOrPostpone = (missing: MissingHandlers, job: DeliveryJob, token: string | undefined, ageMs: number) => {
    if (missing.served.length > 0) return handOff(job, token);
    if (!mayBeJoining(missing, ageMs)) {
      processing.onMissingHandlers(
        `Events wait for handlers that no worker has: ${missing.names.join(', ')}. ${unavailableReason(missing)} ` +
          `After ${Math.round(handlerWaitMs / 60_000)} minutes an event fails, and GeminiFailedEvents replays it.`,
      );
    }
    return postponeForWorker(job, token, { ageMs, now: now() });
  };

  const work = async (job: DeliveryJob, token: string | undefined, completed: CompletedHandlers) => {
    const retryBudget = new RetryBudget(storeRetryMs, storeWaitSignal);
    const storeFailed = (error: unknown): Promise<Error> => {
      onStoreFailure(`The store failed, so an event is postponed: ${messageOf(error)}`);
      return postponeForStore(job, token, { error, retryBudget });
    };
    const log = (line: string) =>
      job.log(line).catch((error: unknown) => onStoreFailure(`A job's log could not be written: ${messageOf(error)}`));
    const checkpoints = new DeliveryCheckpoints(job, { completed, retryBudget, onFailure: onStoreFailure });
    if (checkpoints.progress.discarded) return;
    const sent = orThrow(
      () => fromDeliveryJobData(job.data),
      (error) => new UnrecoverableError(messageOf(error)),
    );
    const attempt = job.attemptsMade + 1;
    const isLast = attempt >= (job.opts.attempts ?? 1);
    const retryInMs = retryDelayMs(job.opts.backoff, attempt);
    const decision = await decide(host, job, sent)?.catch(async (error: unknown) => {
      throw await postponeUndecided(job, token, { checkpoints, error, now: now() }).catch(storeFailed);
    });
    const delivery = decision ? decidedDelivery(sent, decision) : sent;
    if (decision) {
      // Stored in the job: later attempts and other processes see the same event.
      await job.updateData(withDecision(job.data, decision)).catch(async (error: unknown) => {
        throw await storeFailed(error);
      });
    }
    // By the event, too: another app may have a handler of the same name that does not want this one.
    const own = handlers.filter(({ patterns }) => matchesPattern(catalogueType(delivery.event.type) ?? '', patterns));
    checkpoints.begin(own);
    const missing = async () =>
      missingHandlers(job, { delivery, own, wanted: await peers.handlersFor(delivery.event.type), checkpoints });
    const isWantedElsewhere = await missing().then(
      ({ names }) => names.length > 0,
      () => true,
    );
    const publishing = publishToPeers(peers, delivery, job, checkpoints);
    const outcome = await host.dispatch(delivery, {
      attempt,
      isLast,
      retryInMs,
      isWantedElsewhere,
      checkpoints,
      generation: checkpoints.progress.generation,
      signal: shutdown,
      begin,
    });
    // A success must not remain unrecorded while the event waits for its message.
    if (!checkpoints.progress.announced && !(await settlesWithin(publishing, PUBLISH_MS))) await checkpoints.flush();
    const published = await publishing;
    await logFailures(log, attempt, outcome);
    if (outcome.retryable.length > 0) {
      // A worker has run them: waiting for missing handlers starts over.
      await checkpoints.update({ waitingSince: undefined, ...(isLast && { givenUpAt: attempt }) });
      throw new Error(`${outcome.retryable.join(', ')} failed (attempt ${attempt}); the app's log has the reason`);
    }
    if (published.failed) {
      await checkpoints.flush();
      throw await storeFailed(`the event was not published to the other processes: ${messageOf(published.error)}`);
    }

    const giveUp = async (reason: string) => {
      await checkpoints.update({ waitingSince: undefined, givenUpAt: attempt });
      return new UnrecoverableError(reason);
    };
    const stillMissing = await missing().catch(async (error: unknown) => {
      await checkpoints.flush();
      throw await storeFailed(error);
    });
    if (stillMissing.names.length > 0) {
      const { waitingSince = now() } = checkpoints.progress;
      const ageMs = now() - waitingSince;
      if (ageMs > handlerWaitMs) {
        const reason = missingReason(stillMissing);
        processing.onGivenUp(`${delivery.event.type} ${delivery.id} failed: ${reason}.`);
        throw await giveUp(reason);
      }
      if (checkpoints.progress.waitingSince === undefined)
        await log(`attempt ${attempt}: waiting for a worker that has ${stillMissing.names.join(', ')}`);
      await checkpoints.waitFor(stillMissing.names, waitingSince);
      await checkpoints.flush();
      throw await handOffOrPostpone(stillMissing, job, token, ageMs).catch(storeFailed);
    }
    if (checkpoints.failed.length > 0) throw await giveUp(`${checkpoints.failed.join(', ')} failed for good`);
    completeOrRecord(job, checkpoints);
  };
  const run = (job: DeliveryJob, token: string | undefined) =>
    completedHandlers.run(job.id ?? '', (completed) => work(job, token, completed));
  const { traces } = host;
  return traces ? (job: DeliveryJob, token) => traces.resume(job.data?.trace, () => run(job, token)) : run;
}

/** Decides which event handlers receive, unless an earlier attempt has decided. */
function decide(
  host: InboxHost,
  job: DeliveryJob,
  delivery: VerifiedDelivery,
): Promise<DecidedEvent | undefined> | undefined {
  if (job.data.decided !== undefined) return undefined;
  return (async () => host.decide?.(delivery))();
}

/** Logs one line for each failed attempt, without the errors: they may contain anything and belong in the app's own log. */
async function logFailures(
  log: (line: string) => Promise<unknown>,
  attempt: number,
  { retryable, final }: DispatchOutcome,
): Promise<void> {
  const failures = [...retryable.map((name) => `${name} failed`), ...final.map((name) => `${name} failed for good`)];
  if (failures.length > 0) await log(`attempt ${attempt}: ${failures.join(', ')}`);
}

/**
 * Never rejects, because running handlers must be awaited anyway. If the worker is killed meanwhile, the event is published
 * again, and each process drops the duplicate.
 */
async function publishToPeers(
  peers: Pick<Peers, 'publish'>,
  delivery: VerifiedDelivery,
  job: DeliveryJob,
  checkpoints: DeliveryCheckpoints,
): Promise<{ failed: false } | { failed: true; error: unknown }> {
  try {
    if (!checkpoints.progress.announced) await peers.publish(delivery, job.data);
    checkpoints.note({ announced: true });
    return { failed: false };
  } catch (error) {
    return { failed: true, error };
  }
}

function orThrow<T>(read: () => T, toError: (error: unknown) => Error): T {
  try {
    return read();
  } catch (error) {
    throw toError(error);
  }
}

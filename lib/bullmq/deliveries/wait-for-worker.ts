import type { VerifiedDelivery } from '../../events/verified-delivery.js';
import type { handOffWith } from '../peers/hand-off.js';
import type { DeliveryJob } from '../store/inbox-store.js';
import { loadBullmq } from '../store/optional-peers.js';
import type { DeliveryAttempt } from './delivery-attempt.js';
import { mayBeJoining, missingReason, unavailableReason, type MissingHandlers } from './missing-handlers.js';

const MIN_DELAY_MS = 250;
const MAX_DELAY_MS = 10_000;

/** Options of `waitForWorker`. */
export interface WorkerWaitOptions {
  /** How long an event waits for a worker that has its handlers, in milliseconds. */
  readonly handlerWaitMs: number;
  /** Called when events wait for handlers that no worker has. */
  onMissingHandlers(message: string): void;
  /** Called when an event failed because no worker ran its handlers. */
  onGivenUp(message: string): void;
  readonly now: () => number;
  readonly handOff: Awaited<ReturnType<typeof handOffWith>>;
}

/**
 * Ends an attempt whose event has handlers that this worker lacks: hands the event off to a worker that has them, or
 * postpones it until there is one. It fails once it has waited too long.
 *
 * @returns the error that the processor must throw
 */
export async function waitForWorker(
  attempt: DeliveryAttempt,
  { event, id }: VerifiedDelivery,
  missing: MissingHandlers,
  { handlerWaitMs, onMissingHandlers, onGivenUp, now, handOff }: WorkerWaitOptions,
): Promise<Error> {
  const { checkpoints, job, token } = attempt;
  const { waitingSince = now() } = checkpoints.progress;
  const ageMs = now() - waitingSince;
  if (ageMs > handlerWaitMs) {
    const reason = missingReason(missing);
    onGivenUp(`${event.type} ${id} failed (failed event ${job.id}): ${reason}.`);
    return attempt.giveUp(reason);
  }
  if (checkpoints.progress.waitingSince === undefined)
    await attempt.log(`attempt ${attempt.number}: waiting for a worker that has ${missing.names.join(', ')}`);
  await checkpoints.waitFor(missing.names, waitingSince);
  await checkpoints.flush();
  try {
    if (missing.served.length > 0) return await handOff(job, token);
    if (!mayBeJoining(missing, ageMs)) {
      onMissingHandlers(
        `Events wait for handlers that no worker has: ${missing.names.join(', ')}. ${unavailableReason(missing)} ` +
          `After ${Math.round(handlerWaitMs / 60_000)} minutes an event fails, and GeminiFailedEvents replays it.`,
      );
    }
    return await postponeForWorker(job, token, { ageMs, now: now() });
  } catch (error) {
    return attempt.postpone(error);
  }
}

/**
 * Postpones an event until a worker has its handlers, without using up an attempt. The delay grows up to 10 s.
 *
 * @returns the error that the processor must throw
 */
export async function postponeForWorker(
  job: DeliveryJob,
  token: string | undefined,
  { ageMs, now }: { readonly ageMs: number; readonly now: number },
): Promise<Error> {
  const { DelayedError } = await loadBullmq();
  await job.moveToDelayed(now + Math.min(Math.max(Math.round(ageMs / 4), MIN_DELAY_MS), MAX_DELAY_MS), token);
  return new DelayedError();
}

import { GeminiWebhooksError } from '../../errors.js';
import type { TrackedJob } from '../../inbox/job-tracker.js';
import { isEndOfInteraction } from '../../jobs/video-events.js';
import { fromDeliveryJobData } from '../store/delivery-job.js';
import type { DeliveryJob } from '../store/inbox-store.js';
import type { DeliveryCheckpoints } from './delivery-checkpoints.js';
import { loadBullmq } from '../store/optional-peers.js';
import type { InboxHost } from '../../inbox/inbox-engine.js';
import type { RunningWork } from '../../shared/running-work.js';

const MIN_DELAY_MS = 250;
const MAX_DELAY_MS = 60_000;
/** As long as Google retries a delivery. */
const LIMIT_MS = 24 * 3_600_000;

/**
 * True if an event ends a video job as an interaction and its worker has not yet decided which event handlers receive: a
 * completed interaction may be a refusal. An event that was handled without a decision, for example by an earlier version,
 * stays unchanged.
 */
export function isUndecided({ kind }: Pick<TrackedJob, 'kind'>, { data, finishedOn }: UndecidedJob): boolean {
  const isHandled = finishedOn !== undefined && finishedOn !== null;
  return kind === 'video' && !isHandled && isEndOfInteraction(fromDeliveryJobData(data).event.type);
}

type UndecidedJob = Pick<DeliveryJob, 'data'> & { readonly finishedOn?: number | null | undefined };

/**
 * Postpones an event that cannot be decided while Gemini does not answer, without using up an attempt: attempts are for
 * failed handlers. The delay grows up to a minute.
 *
 * @returns the error that the processor must throw: the given error if it has another cause, or after 24 hours
 */
export async function postponeUndecided(
  job: DeliveryJob,
  token: string | undefined,
  { checkpoints, error, now }: { checkpoints: DeliveryCheckpoints; error: unknown; now: number },
): Promise<unknown> {
  if (!(error instanceof GeminiWebhooksError) || error.code !== 'still_processing') return error;
  const { undecidedSince = now } = checkpoints.progress;
  const ageMs = now - undecidedSince;
  if (ageMs > LIMIT_MS) return error;
  if (ageMs === 0) {
    await job.log(`waiting for Gemini: ${error.message}`);
    await checkpoints.update({ undecidedSince });
  }
  await job.moveToDelayed(now + Math.min(Math.max(Math.round(ageMs / 2), MIN_DELAY_MS), MAX_DELAY_MS), token);
  const { DelayedError } = await loadBullmq();
  return new DelayedError();
}

/** Returns the host's `decide`, which counts as running work while it waits for Gemini. */
export function trackedDecisions(
  host: Pick<InboxHost, 'decide'>,
  work: Pick<RunningWork, 'begin'>,
): NonNullable<InboxHost['decide']> {
  return (sent) => {
    const deciding = host.decide?.(sent);
    return deciding instanceof Promise ? deciding.finally(work.begin(sent.event.type)) : deciding;
  };
}

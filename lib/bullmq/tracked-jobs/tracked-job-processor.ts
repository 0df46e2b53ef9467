import type { Processor } from 'bullmq';
import { messageOf } from '../../errors.js';
import type { GeminiEvent } from '../../events/gemini-event.js';
import type { VerifiedDelivery } from '../../events/verified-delivery.js';
import { isGivenUp, nextPollAt } from '../../inbox/poll-times.js';
import type { JobTracking, JobVerdict, LostOutcome, TrackedJob } from '../../inbox/job-tracker.js';
import { isNotFound, nextPollOfMissing, oneMoreMissing, type MissingAnswers } from '../../inbox/not-found-answers.js';
import { fromDeliveryJobData, toDeliveryJobData, withDecision, type DeliveryJobData } from '../store/delivery-job.js';
import { isLockLost } from '../store/inbox-store.js';
import { loadBullmq } from '../store/optional-peers.js';
import { canGiveUp, failedCheckDelayMs, keepAttempt } from './failed-check.js';
import {
  checkProgressOf,
  isTrackedJob,
  toStoredJobEnd,
  trackedJobOf,
  type CheckProgress,
  type TrackedJobResult,
  type StoredJobEnd,
  type StoredTrackedJob,
  type TrackedJobAlias,
  type TrackedJobData,
} from './tracked-job.js';

export type TrackedJobProcessor = Processor<TrackedJobData | TrackedJobAlias, TrackedJobResult, string>;

/** The parts of the inbox that the processor uses. */
export interface TrackedJobProcessorHost {
  readonly tracking: JobTracking;
  /** Finds the event that ended the job if the inbox has stored it. */
  findEvent(job: TrackedJob): Promise<DeliveryJobData | undefined>;
  /** Passes an event found by polling to the inbox, which owns it from then on. */
  accept(delivery: VerifiedDelivery): Promise<unknown>;
  /** Records a job's name when only its event contains it. */
  learnName(job: TrackedJob, name: string): Promise<void>;
  /** Notifies watchers that the job counts as lost. */
  publishLost(job: TrackedJob): void;
  /** Called when a check has failed, which will be tried again. */
  onFailure(message: string): void;
}

const REFUSED = { outcome: 'failed', message: 'Gemini refused to start it' } as const;
const NOT_POLLED: JobVerdict = { is: 'running' };

/** Checks one tracked job: ends it if its event has arrived, otherwise polls Gemini if a poll is due, otherwise delays it. */
export async function trackedJobProcessor(
  { tracking, findEvent, accept, learnName, publishLost, onFailure }: TrackedJobProcessorHost,
  now: () => number = Date.now,
): Promise<TrackedJobProcessor> {
  const { DelayedError } = await loadBullmq();
  const { reconcile } = tracking;

  const delay = async (stored: StoredTrackedJob, at: number, token: string | undefined) => {
    await stored.moveToDelayed(at, token);
    return new DelayedError();
  };

  return async (stored, token) => {
    // An alias that outlived its job.
    if (!isTrackedJob(stored)) return undefined;
    // Attempts are for data that this process cannot read: another version may do so.
    const job = trackedJobOf(stored);
    const before = checkProgressOf(stored);
    keepAttempt(stored, before.failures ?? 0);
    try {
      return await check(job, before, stored, token);
    } catch (error) {
      // With its lock, another worker has the job.
      if (error instanceof DelayedError || isLockLost(error)) throw error;
      return await retryOrGiveUp(job, (before.failures ?? 0) + 1, { stored, token, error });
    }
  };

  async function check(
    job: TrackedJob,
    before: CheckProgress,
    stored: StoredTrackedJob,
    token: string | undefined,
  ): Promise<StoredJobEnd> {
    if (job.start?.refused) return toStoredJobEnd(REFUSED, undefined);
    const found = await findEvent(job);
    if (!found && before.dueAt > now()) {
      if (before.failures !== undefined) await stored.updateProgress({ ...before, failures: undefined });
      throw await delay(stored, before.dueAt, token);
    }

    const event = found && fromDeliveryJobData(found).event;
    const verdict = event || reconcile ? await tracking.check(job, event) : NOT_POLLED;
    if (verdict.is === 'settled') return end(job, verdict, found);

    const missing = missingAfter(verdict, before.missing);
    if (isGivenUp(job.createdAt, now(), reconcile)) return giveUp(job, { ...before, missing });
    const isLost = missing !== undefined && isNotFound(missing, now());
    const lost = before.lost ?? (isLost ? await markLost(job, 'not_found') : undefined);
    const progress = { ...nextCheck(verdict, job, before.lookups, missing), missing, lost };
    await stored.updateProgress(progress as object);
    if (lost && !before.lost) publishLost(job);
    throw await delay(stored, progress.dueAt, token);
  }

  async function retryOrGiveUp(
    job: TrackedJob,
    failures: number,
    {
      stored,
      token,
      error,
    }: { readonly stored: StoredTrackedJob; readonly token: string | undefined; readonly error: unknown },
  ): Promise<StoredJobEnd> {
    const progress = checkProgressOf(stored);
    if (canGiveUp(failures) && isGivenUp(job.createdAt, now(), reconcile)) {
      const lost = await giveUp(job, progress).catch(() => undefined);
      if (lost) return lost;
    }
    const delayMs = failedCheckDelayMs(failures);
    onFailure(`The job ${job.id} could not be checked, retrying in ${delayMs} ms: ${messageOf(error)}`);
    // Without it, the next delay is not longer than this one.
    await stored.updateProgress({ ...progress, failures }).catch(() => undefined);
    throw await delay(stored, now() + delayMs, token).catch(() => error);
  }

  async function giveUp(
    job: TrackedJob,
    { lost, missing }: Pick<CheckProgress, 'lost' | 'missing'>,
  ): Promise<StoredJobEnd> {
    return lost ?? markLost(job, missing ? 'not_found' : 'unknown_outcome');
  }

  async function end(
    job: TrackedJob,
    { settlement, reconciled }: Extract<JobVerdict, { is: 'settled' }>,
    found: DeliveryJobData | undefined,
  ): Promise<StoredJobEnd> {
    // Before the job ends: if the process is killed here, the next check finds the event in the inbox and does not poll.
    if (reconciled) await accept(reconciled);
    const { event } = settlement;
    if (job.name === undefined && event?.resource) await learnName(job, event.resource.name);
    const delivery = reconciled ? toDeliveryJobData(reconciled) : found && event && endingDelivery(found, event);
    return toStoredJobEnd(settlement, event && delivery);
  }

  async function markLost(job: TrackedJob, outcome: LostOutcome): Promise<StoredJobEnd> {
    const { settlement, notice } = tracking.lost(job, outcome);
    await accept(notice);
    return toStoredJobEnd(settlement, toDeliveryJobData(notice));
  }

  function missingAfter(verdict: JobVerdict, before: MissingAnswers | undefined): MissingAnswers | undefined {
    if (verdict.is === 'missing') return oneMoreMissing(before, now());
    return verdict.is === 'running' ? undefined : before;
  }

  function nextCheck(
    verdict: JobVerdict,
    job: TrackedJob,
    lookups: number,
    missing: MissingAnswers | undefined,
  ): CheckProgress {
    if (verdict.is === 'postponed') return { lookups, dueAt: Math.round(now() + verdict.delayMs) };
    const polls = lookups + 1;
    const scheduledAt = nextPollAt(job, { polls, now: now() }, reconcile);
    return { lookups: polls, dueAt: missing ? nextPollOfMissing(missing, now(), scheduledAt) : scheduledAt };
  }
}

/** Returns the stored delivery of the event that ended the job, which may differ from the one that was sent. */
function endingDelivery(found: DeliveryJobData, event: GeminiEvent): DeliveryJobData {
  const { type, data } = event as { readonly type: Parameters<typeof withDecision>[1]['type']; readonly data: object };
  return fromDeliveryJobData(found).event.type === type ? found : withDecision(found, { type, data: { ...data } });
}

import type { Processor } from 'bullmq';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { isGivenUp, nextCheckAt } from '../inbox/check-schedule.js';
import type { JobTracking, JobVerdict, TrackedJob } from '../inbox/job-tracker.js';
import { fromJobData, toJobData, type DeliveryJobData } from './delivery-job.js';
import { loadBullmq } from './optional-peers.js';
import {
  isTrackedJob,
  toStoredSettlement,
  trackedJobOf,
  type JobResult,
  type StoredTrackedJob,
  type TrackedJobAlias,
  type TrackedJobData,
} from './tracked-job.js';

export type JobCheckProcessor = Processor<TrackedJobData | TrackedJobAlias, JobResult, string>;

/** What a job's progress holds. */
export interface CheckProgress {
  /** How often Gemini was asked and said that it runs. */
  readonly lookups: number;
  /** When Gemini is to be asked next, Unix milliseconds. */
  readonly dueAt: number;
}

/** What the processor needs of the inbox. */
export interface JobCheckHost {
  readonly tracking: JobTracking;
  /** The event that ended the job, when the inbox has it. */
  findEvent(job: TrackedJob): Promise<DeliveryJobData | undefined>;
  /** Takes what a look-up found into custody. */
  accept(delivery: VerifiedDelivery): Promise<unknown>;
  /** Records what an event calls a job whose name is not known. */
  learnName(job: TrackedJob, name: string): Promise<void>;
}

/** Checks one job: ends it by its event, which costs no question to Gemini, else asks when that is due, else delays it. */
export async function jobCheckProcessor(
  { tracking, findEvent, accept, learnName }: JobCheckHost,
  now: () => number = Date.now,
): Promise<JobCheckProcessor> {
  const { DelayedError } = await loadBullmq();
  const { reconcile } = tracking;

  const delay = async (stored: StoredTrackedJob, at: number, token: string | undefined) => {
    await stored.moveToDelayed(at, token);
    return new DelayedError();
  };

  return async (stored, token) => {
    // An alias has outlived the job that it stands for.
    if (!isTrackedJob(stored)) return undefined;
    const job = trackedJobOf(stored);
    const { lookups, dueAt } = progressOf(stored);
    const found = await findEvent(job);
    if (!found && dueAt > now()) throw await delay(stored, dueAt, token);

    const givenUp = () => isGivenUp(job.createdAt, now(), reconcile);
    const verdict: JobVerdict =
      !found && givenUp() ? UNKNOWN : await tracking.check(job, found && fromJobData(found).event);
    const end: JobVerdict = verdict.is !== 'settled' && givenUp() ? UNKNOWN : verdict;
    if (end.is !== 'settled') {
      const progress = nextOf(end, job, lookups);
      await stored.updateProgress(progress as object);
      throw await delay(stored, progress.dueAt, token);
    }

    const { settlement, reconciled } = end;
    // Before the job ends: one that is killed here finds the event in the inbox and asks no more.
    if (reconciled) await accept(reconciled);
    const { resource } = settlement.event ?? {};
    if (job.name === undefined && resource) await learnName(job, resource.name);
    const delivery = reconciled ? toJobData(reconciled) : found;
    return toStoredSettlement(settlement, settlement.event && delivery);
  };

  function nextOf(verdict: Exclude<JobVerdict, { is: 'settled' }>, job: TrackedJob, lookups: number): CheckProgress {
    if (verdict.is === 'postponed') return { lookups, dueAt: Math.round(now() + verdict.delayMs) };
    const { createdAt } = job;
    return { lookups: lookups + 1, dueAt: nextCheckAt({ createdAt, lookups: lookups + 1, now: now() }, reconcile) };
  }
}

const UNKNOWN: JobVerdict = { is: 'settled', settlement: { outcome: 'unknown_outcome' } };

function progressOf({ progress, data }: StoredTrackedJob): CheckProgress {
  const checked = typeof progress === 'object' && progress !== null;
  return checked ? (progress as CheckProgress) : { lookups: 0, dueAt: data.dueAt };
}

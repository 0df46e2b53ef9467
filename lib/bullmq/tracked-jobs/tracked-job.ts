import { createHash } from 'node:crypto';
import { GeminiWebhooksError, type GeminiJobOutcome } from '../../errors.js';
import type { JobSettlement, TrackedJob } from '../../inbox/job-tracker.js';
import type { MissingAnswers } from '../../inbox/not-found-answers.js';
import { fromDeliveryJobData, withoutWorkerData, type DeliveryJobData } from '../store/delivery-job.js';
import type { StoredJob, StoreQueue } from '../store/inbox-store.js';

/** The stored data of a tracked job: BullMQ's job that polls a Gemini job. */
export interface TrackedJobData {
  /** Version of this format. */
  readonly v: 1;
  readonly id: string;
  /** Time of the first poll, Unix milliseconds. */
  readonly dueAt: number;
  /** The `TrackedJob` as a JSON string: PostgreSQL's jsonb rejects NUL escapes and lone surrogates. */
  readonly record: string;
}

/** Maps the id that a job would have if only its name were known to the job's actual id. */
export interface TrackedJobAlias {
  readonly v: 1;
  readonly alias: string;
}

/** How a Gemini job ended, as the tracked job stores it for all processes. */
export interface StoredJobEnd {
  readonly v: 1;
  readonly outcome: GeminiJobOutcome;
  readonly message?: string;
  /** The delivery of the event that ended it. */
  readonly delivery?: DeliveryJobData;
}

export type TrackedJobResult = StoredJobEnd | undefined;
export type StoredTrackedJobOrAlias = StoredJob<TrackedJobData | TrackedJobAlias, TrackedJobResult>;
export type StoredTrackedJob = StoredTrackedJobOrAlias & { readonly data: TrackedJobData };
export type TrackedJobQueue = StoreQueue<TrackedJobData | TrackedJobAlias, TrackedJobResult>;

const MAX_MESSAGE_LENGTH = 2_000;

/** Returns the BullMQ job id for one of our ids. It is never a number and has no colon, both of which BullMQ rejects. */
export function trackedJobId(id: string): string {
  return `t${createHash('sha256').update(id).digest('base64url')}`;
}

export function toTrackedJobData(job: TrackedJob, dueAt: number): TrackedJobData {
  return { v: 1, id: job.id, dueAt, record: JSON.stringify(job) };
}

/** @throws GeminiWebhooksError `invalid_argument` if this version cannot read the data */
export function trackedJobOf({ data }: StoredTrackedJob): TrackedJob {
  if (data.v === 1) return JSON.parse(data.record) as TrackedJob;
  const { v } = data as { readonly v?: unknown };
  throw new GeminiWebhooksError(
    'invalid_argument',
    `The tracked job's data has version ${JSON.stringify(v)}, but this process reads version 1. Update this process.`,
  );
}

export function isTrackedJob(job: StoredTrackedJobOrAlias): job is StoredTrackedJob {
  return aliasOf(job) === undefined;
}

/** Returns the id of the job that an alias refers to; `undefined` for a tracked job. */
export function aliasOf({ data }: StoredTrackedJobOrAlias): string | undefined {
  return 'alias' in data ? data.alias : undefined;
}

/** @param delivery the delivery of the event that ended the job, if there is one */
export function toStoredJobEnd(
  { outcome, message }: JobSettlement,
  delivery: DeliveryJobData | undefined,
): StoredJobEnd {
  return {
    v: 1,
    outcome,
    ...(message !== undefined && { message: storable(message) }),
    ...(delivery && { delivery: withoutWorkerData(delivery) }),
  };
}

/** Gemini's message may contain NULs and lone surrogates, which PostgreSQL rejects. */
function storable(text: string): string {
  return text.slice(0, MAX_MESSAGE_LENGTH).replaceAll(/[\0\p{Surrogate}]/gu, '\uFFFD');
}

/** Returns how a job ended, from its stored form. */
export function fromStoredJobEnd({ outcome, message, delivery }: StoredJobEnd): JobSettlement {
  return { outcome, event: delivery && fromDeliveryJobData(delivery).event, message };
}

/**
 * Returns how the Gemini job ended; `undefined` while it runs. The outcome is unknown if no process could read the
 * job's data. While Gemini does not find a job that is still polled, that job counts as lost.
 */
export function endOfTrackedJob(job: StoredTrackedJob): JobSettlement | undefined {
  const { finishedOn, returnvalue, failedReason } = job;
  if (finishedOn === undefined || finishedOn === null) {
    const { lost } = checkProgressOf(job);
    return lost && fromStoredJobEnd(lost);
  }
  return returnvalue ? fromStoredJobEnd(returnvalue) : { outcome: 'unknown_outcome', message: failedReason };
}

/** The progress of a tracked job. */
export interface CheckProgress {
  /** Number of polls that Gemini answered. The stored name stays for other versions. */
  readonly lookups: number;
  /** Time of the next poll, Unix milliseconds. */
  readonly dueAt: number;
  /** Gemini's latest answers if they were "no such job". */
  readonly missing?: MissingAnswers | undefined;
  /** How the job ended until an event or a later poll corrects it. */
  readonly lost?: StoredJobEnd | undefined;
  /** Number of the last checks in a row that have failed, for example because the store did. */
  readonly failures?: number | undefined;
}

export function checkProgressOf({ progress, data }: Pick<StoredTrackedJob, 'progress' | 'data'>): CheckProgress {
  const checked = typeof progress === 'object' && progress !== null;
  return checked ? (progress as CheckProgress) : { lookups: 0, dueAt: data.dueAt };
}

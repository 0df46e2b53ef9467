import { createHash } from 'node:crypto';
import { GeminiWebhooksError, type GeminiJobOutcome } from '../errors.js';
import type { JobSettlement, TrackedJob } from '../inbox/job-tracker.js';
import { fromJobData, type DeliveryJobData } from './delivery-job.js';
import type { StoredJob, StoreQueue } from './inbox-store.js';

/** What is stored of a tracked job. */
export interface TrackedJobData {
  /** Of this shape. */
  readonly v: 1;
  readonly id: string;
  /** When it is to be looked up first, Unix milliseconds. */
  readonly dueAt: number;
  /** The `TrackedJob` as JSON in a text: PostgreSQL's jsonb refuses NUL escapes and lone surrogates. */
  readonly record: string;
}

/** Stands under the id that a job would have if only its name were known, and says which job it is. */
export interface TrackedJobAlias {
  readonly v: 1;
  readonly alias: string;
}

/** How a tracked job ended, as it is stored: every process reads it. */
export interface StoredSettlement {
  readonly v: 1;
  readonly outcome: GeminiJobOutcome;
  readonly message?: string;
  /** The delivery of the event that said so. */
  readonly delivery?: DeliveryJobData;
}

export type JobResult = StoredSettlement | undefined;
export type StoredJobOrAlias = StoredJob<TrackedJobData | TrackedJobAlias, JobResult>;
export type StoredTrackedJob = StoredJobOrAlias & { readonly data: TrackedJobData };
export type JobQueue = StoreQueue<TrackedJobData | TrackedJobAlias, JobResult>;

const LONGEST_MESSAGE = 2_000;

/** BullMQ's job id for an id of ours: neither a number nor with a colon, whatever the id holds. */
export function trackedJobId(id: string): string {
  return `t${createHash('sha256').update(id).digest('base64url')}`;
}

export function toTrackedJobData(job: TrackedJob, dueAt: number): TrackedJobData {
  return { v: 1, id: job.id, dueAt, record: JSON.stringify(job) };
}

/** @throws GeminiWebhooksError `invalid_argument` for what this version cannot read */
export function trackedJobOf({ data }: StoredTrackedJob): TrackedJob {
  if (data.v === 1) return JSON.parse(data.record) as TrackedJob;
  const { v } = data as { readonly v?: unknown };
  throw new GeminiWebhooksError(
    'invalid_argument',
    `The tracked job's data is of version ${JSON.stringify(v)}; this one reads version 1. Update this process.`,
  );
}

export function isTrackedJob(job: StoredJobOrAlias): job is StoredTrackedJob {
  return aliasOf(job) === undefined;
}

/** The id of the job that this one stands for; `undefined` of a tracked job itself. */
export function aliasOf({ data }: StoredJobOrAlias): string | undefined {
  return 'alias' in data ? data.alias : undefined;
}

/** @param delivery of the settlement's event, where it has one */
export function toStoredSettlement(
  { outcome, message }: JobSettlement,
  delivery: DeliveryJobData | undefined,
): StoredSettlement {
  return {
    v: 1,
    outcome,
    ...(message !== undefined && { message: storable(message) }),
    ...(delivery && { delivery }),
  };
}

/** What Gemini said may hold anything; PostgreSQL refuses NULs and lone surrogates. */
function storable(text: string): string {
  return text.slice(0, LONGEST_MESSAGE).replaceAll(/[\0\p{Surrogate}]/gu, '\uFFFD');
}

/** How the job ended; `undefined` while it has not. One whose checks failed for good ended in a way that nobody knows. */
export function settlementOf({ finishedOn, returnvalue, failedReason }: StoredTrackedJob): JobSettlement | undefined {
  if (finishedOn === undefined || finishedOn === null) return undefined;
  if (!returnvalue) return { outcome: 'unknown_outcome', message: failedReason };
  const { outcome, message, delivery } = returnvalue;
  return { outcome, event: delivery && fromJobData(delivery).event, message };
}

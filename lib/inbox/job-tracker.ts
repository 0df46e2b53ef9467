import type { GeminiJobOutcome } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { resourceId } from '../events/event-resource.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import type { ReconcileSchedule } from '../config/poll-schedule.js';

/** A Gemini job that callers may wait for: all that a process needs to poll it. */
export interface TrackedJob {
  /** Our own id: `job.<kind>.<uuid>` of a job that we started, else `idOfName`. */
  readonly id: string;
  readonly kind: GeminiResourceKind;
  /** Gemini's resource name, once it is known. */
  readonly name?: string | undefined;
  /** Display name by which a batch is found if its name was never recorded. */
  readonly displayName?: string | undefined;
  /** Values of the route's parameters, which are part of the event's key. */
  readonly params: Readonly<Record<string, string>>;
  /** True if the job's webhook carries a token that names the job, so that its event's key contains the job's id. */
  readonly bound: boolean;
  /** True if the interaction was started with tools: `interaction.completed` may then be a pause. */
  readonly tools?: boolean | undefined;
  /** User metadata that the job was started with. Its event contains it, a poll's result does not. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** `false` for a job that was started without a webhook: only polling or a static webhook finds its end. */
  readonly webhook?: boolean | undefined;
  /** Model of a video job, which an extension uses again. */
  readonly model?: string | undefined;
  /** Start of a job with an `idempotencyKey`. */
  readonly start?: JobStart | undefined;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** The start of a job with an `idempotencyKey`. */
export interface JobStart {
  /** Hash of the caller's parameters. */
  readonly digest: string;
  /** Time of the last start request, Unix milliseconds. */
  readonly requestedAt: number;
  /** True if Gemini refused to start it: there is no job, but the key stays bound to these parameters. */
  readonly refused?: boolean | undefined;
}

/** How a job ended. */
export interface JobSettlement {
  readonly outcome: GeminiJobOutcome;
  /** Event of the end; some ends have none. */
  readonly event?: GeminiEvent | undefined;
  /** Gemini's message about it. */
  readonly message?: string | undefined;
}

/** Result of checking a job. */
export type JobVerdict =
  /** It has ended. `reconciled` is an event that Gemini did not send, which the inbox must own first. */
  | { readonly is: 'settled'; readonly settlement: JobSettlement; readonly reconciled?: VerifiedDelivery | undefined }
  /** Gemini reports that it runs. */
  | { readonly is: 'running' }
  /** Gemini's answer says nothing about the job, or there was none. */
  | { readonly is: 'unanswered' }
  /** Gemini reports that there is no such job, which may be wrong. */
  | { readonly is: 'missing' }
  /** Gemini could not be polled now: poll again after that time, in milliseconds. */
  | { readonly is: 'postponed'; readonly delayMs: number };

/**
 * Decides if a job has ended: by its event if there is one, otherwise by polling Gemini.
 * Rejects only if a retry may succeed.
 */
export type JobCheck = (job: TrackedJob, event: GeminiEvent | undefined) => Promise<JobVerdict>;

/** What an engine needs to track jobs. */
export interface JobTracking {
  readonly check: JobCheck;
  /** Creates the notice that the outcome of a job is unknown. */
  lost(job: TrackedJob, outcome: LostOutcome): LostJob;
  /** When to poll; with `false` only events and timeouts end a job. */
  readonly reconcile: ReconcileSchedule | false;
}

/** Why the outcome of a job is unknown. */
export type LostOutcome = Extract<GeminiJobOutcome, 'not_found' | 'unknown_outcome'>;

/** A job whose outcome is unknown: waiting for it fails until an event or a poll brings the outcome. */
export interface LostJob {
  readonly settlement: JobSettlement;
  /** The `*.lost` event, which the inbox must own first. */
  readonly notice: VerifiedDelivery;
}

/** True for an outcome that an event or a later poll may correct. */
export function isLost(outcome: GeminiJobOutcome): outcome is LostOutcome {
  return outcome === 'not_found' || outcome === 'unknown_outcome';
}

/** Reference to a job: our id, or Gemini's name for it. */
export type JobRef =
  | { readonly id: string }
  | {
      readonly kind: GeminiResourceKind;
      readonly name: string;
      readonly params: Readonly<Record<string, string>>;
    };

/** Reference to a job by Gemini's name for it. */
export type NamedJobRef = Exclude<JobRef, { readonly id: string }>;

/** Record of an engine's jobs, shared by all processes on the same store. */
export interface JobTracker {
  /** Starts to track a job. Once it resolves, the record is as durable as the engine. A known job stays unchanged. */
  add(job: TrackedJob): Promise<void>;
  /** Records Gemini's name for a job. */
  rename(id: string, name: string): Promise<void>;
  /** Records the progress of a job's start. */
  recordStart(id: string, start: JobStart): Promise<void>;
  /** Removes a job that was never started. */
  remove(id: string): Promise<void>;
  find(ref: JobRef): Promise<TrackedJob | undefined>;
  /** Notifies the tracker of an accepted event that may end a job. */
  notice(event: GeminiEvent): Promise<void>;
  /** Returns how the job ended; `undefined` while it runs. */
  settlement(id: string): Promise<JobSettlement | undefined>;
  /**
   * Calls back when the job may have ended. A hint, which may be lost while the store is down. The returned function stops
   * the watch.
   */
  watch(id: string, changed: () => void): () => void;
  /** Interval at which waiting callers read the record, in milliseconds; absent if every hint arrives. */
  readonly pollMs?: number | undefined;
}

/** Returns the id of a job that is known only by its name. A video has the name of its interaction. */
export function idOfName(ref: NamedJobRef): string {
  return idIn(ref.kind === 'video' ? 'interaction' : ref.kind, ref);
}

/** Returns the id that version 0.1.0 gave such a job, if it was another one. A store may still have it. */
export function earlierIdOfName(ref: NamedJobRef): string | undefined {
  return ref.kind === 'video' ? idIn('video', ref) : undefined;
}

function idIn(space: GeminiResourceKind, { name, params }: NamedJobRef): string {
  const where = Object.keys(params)
    .toSorted()
    .map((param) => `${part(param)}=${part(params[param] ?? '')}`);
  return ['name', space, ...where, part(resourceId(name))].join('/');
}

/** Encodes any string. A lone surrogate has no encoding, so it is replaced. */
function part(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\uFFFD'));
}

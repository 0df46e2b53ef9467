import type { GeminiJobOutcome } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { resourceId } from '../events/event-resource.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import type { ReconcileSchedule } from '../reconcile-schedule.js';

/** A Gemini job whose end somebody may wait for. Everything a process needs to look it up. */
export interface TrackedJob {
  /** Our own id: `job.<kind>.<uuid>` of a job that we started, else `idOfName`. */
  readonly id: string;
  readonly kind: GeminiResourceKind;
  /** Gemini's resource name, once it is known. */
  readonly name?: string | undefined;
  /** By which a batch is found when its name was never recorded. */
  readonly displayName?: string | undefined;
  /** Values of the route's parameters: they are part of the event's key. */
  readonly params: Readonly<Record<string, string>>;
  /** Whether the job's webhook carries a token that names the job, so that its event's key does. */
  readonly bound: boolean;
  /** Whether an interaction was started with tools: `interaction.completed` may then be a pause. */
  readonly tools?: boolean | undefined;
  /** What the job was started with and its event brings back; a look-up does not tell it. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** How a job ended. */
export interface JobSettlement {
  readonly outcome: GeminiJobOutcome;
  /** The event that said so; some ends have none. */
  readonly event?: GeminiEvent | undefined;
  /** What Gemini said about it. */
  readonly message?: string | undefined;
}

/** What a check of a job came to. */
export type JobVerdict =
  /** It has ended; `reconciled` is the event that nobody sent, to be taken into custody first. */
  | { readonly is: 'settled'; readonly settlement: JobSettlement; readonly reconciled?: VerifiedDelivery | undefined }
  /** Gemini was asked, and it runs. */
  | { readonly is: 'running' }
  /** Gemini could not be asked now: ask again after that, in milliseconds. */
  | { readonly is: 'postponed'; readonly delayMs: number };

/**
 * Decides about a job: by its event, when there is one, else by asking Gemini.
 * Rejects only for what another attempt may mend.
 */
export type JobCheck = (job: TrackedJob, event: GeminiEvent | undefined) => Promise<JobVerdict>;

/** What an engine needs to track jobs. */
export interface JobTracking {
  readonly check: JobCheck;
  /** `false` looks nothing up: only events end a job, and time. */
  readonly reconcile: ReconcileSchedule | false;
}

/** Which job: by our id, or by what Gemini calls it. */
export type JobRef =
  | { readonly id: string }
  | {
      readonly kind: GeminiResourceKind;
      readonly name: string;
      readonly params: Readonly<Record<string, string>>;
    };

/** The record of an engine's jobs. Every process on the same store sees the same. */
export interface JobTracker {
  /** Begins to track; once it has resolved, the record is as safe as the engine is. A job that is known stays as it is. */
  add(job: TrackedJob): Promise<void>;
  /** Records what Gemini calls a job. */
  rename(id: string, name: string): Promise<void>;
  /** Forgets a job that was never started. */
  remove(id: string): Promise<void>;
  find(ref: JobRef): Promise<TrackedJob | undefined>;
  /** An event was taken that may end a job. */
  notice(event: GeminiEvent): Promise<void>;
  /** How the job ended; `undefined` while it has not. */
  settlement(id: string): Promise<JobSettlement | undefined>;
  /**
   * Calls back when the job may have ended: a hint, which can be missed while the store is away. The function returned
   * ends it.
   */
  watch(id: string, changed: () => void): () => void;
  /** How often whoever waits looks for itself, in milliseconds; never when every hint arrives. */
  readonly pollMs?: number | undefined;
}

/** The id under which a job is tracked that this deployment knows only by its name. */
export function idOfName({ kind, name, params }: Exclude<JobRef, { readonly id: string }>): string {
  const where = Object.keys(params)
    .toSorted()
    .map((param) => `${part(param)}=${part(params[param] ?? '')}`);
  return ['name', kind, ...where, part(resourceId(name))].join('/');
}

/** Whatever it holds: of a lone surrogate there is no encoding. */
function part(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\uFFFD'));
}

import type { GeminiJobOutcome } from '../errors.js';
import type { GeminiEventType } from '../events/event-catalogue.js';

/** What Gemini says of a job. */
export type JobState =
  | { readonly is: 'running' }
  /** It is not known, or not known yet, what Gemini calls the job. */
  | { readonly is: 'unknown' }
  | EndedJob;

/** A job that has ended. */
export interface EndedJob {
  readonly is: 'ended';
  readonly name: string;
  readonly outcome: GeminiJobOutcome;
  /** The event that a webhook would have brought; absent for ends that Gemini announces to nobody. */
  readonly event?: { readonly type: GeminiEventType; readonly data: Readonly<Record<string, unknown>> };
  readonly message?: string | undefined;
}

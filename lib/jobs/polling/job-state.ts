import type { GeminiJobOutcome } from '../../errors.js';
import type { GeminiEventType } from '../../events/event-catalogue.js';
import type { DecidedEvent } from '../../events/verified-delivery.js';

/** State of a job as Gemini reports it. */
export type JobState =
  | { readonly is: 'running' }
  /** Gemini's name for the job is not known (yet). */
  | { readonly is: 'unnamed' }
  /** Gemini reports that there is no such job. */
  | { readonly is: 'missing' }
  | EndedJob;

/** A job that has ended. */
export interface EndedJob {
  readonly is: 'ended';
  readonly name: string;
  readonly outcome: GeminiJobOutcome;
  /** The event that handlers receive. */
  readonly event: DecidedEvent;
  /** Type of the event that Gemini would have sent for this end, if `event` has a type of our own. */
  readonly announcedAs?: GeminiEventType;
  readonly message?: string | undefined;
}

import type { GeminiJobOutcome } from '../errors.js';
import type { GeminiEventType } from '../events/event-catalogue.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { JobSettlement } from '../inbox/job-tracker.js';

/** Outcome of a job by the type of its event. */
const OUTCOMES: Readonly<Partial<Record<GeminiEventType, GeminiJobOutcome>>> = {
  'batch.succeeded': 'succeeded',
  'batch.failed': 'failed',
  'batch.expired': 'expired',
  'batch.cancelled': 'cancelled',
  'interaction.requires_action': 'requires_action',
  'interaction.completed': 'succeeded',
  'interaction.failed': 'failed',
  'interaction.cancelled': 'cancelled',
  'interaction.incomplete': 'incomplete',
  'video.generated': 'succeeded',
  'video.failed': 'failed',
};

/** Outcomes that an event may have as its `reason`. */
const REASONS: ReadonlySet<unknown> = new Set<GeminiJobOutcome>([
  'filtered',
  'failed',
  'cancelled',
  'incomplete',
  'budget_exceeded',
]);

/** Returns the outcome of the job that an event ends; `undefined` for events that end no job. */
export function outcomeOfEvent(event: GeminiEvent): JobSettlement | undefined {
  const usual = (OUTCOMES as Readonly<Record<string, GeminiJobOutcome | undefined>>)[event.type];
  if (usual === undefined) return undefined;
  const { error_message, message = error_message, reason } = event.data as Readonly<Record<string, unknown>>;
  const outcome = usual !== 'succeeded' && REASONS.has(reason) ? (reason as GeminiJobOutcome) : usual;
  return { outcome, event, ...(typeof message === 'string' && { message }) };
}

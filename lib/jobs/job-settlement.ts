import type { GeminiJobOutcome } from '../errors.js';
import type { GeminiEventType } from '../events/event-catalogue.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { JobSettlement } from '../inbox/job-tracker.js';

/** What each event of the catalogue says about its job. */
export const OUTCOMES: Readonly<Record<GeminiEventType, GeminiJobOutcome>> = {
  'batch.succeeded': 'succeeded',
  'batch.failed': 'failed',
  'batch.expired': 'expired',
  'batch.cancelled': 'cancelled',
  'interaction.requires_action': 'requires_action',
  'interaction.completed': 'succeeded',
  'interaction.failed': 'failed',
  'interaction.cancelled': 'cancelled',
  'video.generated': 'succeeded',
};

/** How the job of an event has ended by it; `undefined` for events that the catalogue does not have. */
export function settlementOf(event: GeminiEvent): JobSettlement | undefined {
  const outcome = (OUTCOMES as Readonly<Record<string, GeminiJobOutcome | undefined>>)[event.type];
  if (outcome === undefined) return undefined;
  const { error_message: message } = event.data as { readonly error_message?: unknown };
  return { outcome, event, ...(typeof message === 'string' && { message }) };
}

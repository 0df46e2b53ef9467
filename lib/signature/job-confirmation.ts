import type { GeminiEventType } from '../events/event-catalogue.js';
import type { GeminiResource } from '../events/gemini-event.js';

/**
 * Returns true if an event belongs to the job that its binding token names. Provided by the module that records jobs.
 *
 * @param job id that the module gave the job
 * @throws GeminiWebhooksError `keys_unavailable` or `inbox_unavailable` if it cannot be checked now
 */
export type JobConfirmation = (
  job: string,
  type: GeminiEventType,
  resource: GeminiResource | undefined,
) => Promise<boolean>;

import type { GeminiEventType } from '../events/event-catalogue.js';
import type { GeminiResource } from '../events/gemini-event.js';

/**
 * Answers: is this event of the job that its binding token names? Given by whoever keeps the record of jobs.
 *
 * @param job our own id of the job
 * @throws GeminiWebhooksError `keys_unavailable` or `inbox_unavailable` when that cannot be said now
 */
export type ConfirmJob = (job: string, type: GeminiEventType, resource: GeminiResource | undefined) => Promise<boolean>;

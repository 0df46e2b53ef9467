import { GeminiWebhooksError } from '../errors.js';
import { resourceId } from '../events/event-resource.js';
import type { ConfirmJob } from '../signature/job-confirmation.js';
import type { JobTracker } from '../inbox/job-tracker.js';
import type { JobChecker } from './job-checker.js';

/**
 * Whether an event is of the job that its token names. A token is in a URL, which may leak; whoever has it could put our
 * URL into a job of their own. So an event that calls the job otherwise than we do is confirmed by asking Gemini about
 * our job. A job without a record, or without a name yet, is taken at its word: the record may be on its way.
 */
export function jobConfirmation(tracker: JobTracker, checker: JobChecker): ConfirmJob {
  return async (id, type, resource) => {
    const job = await tracker.find({ id });
    if (job?.name === undefined) return true;
    if (resource && resourceId(resource.name) === resourceId(job.name)) return true;
    const state = await checker.lookUp(job);
    if (state.is === 'ended') return state.event?.type === type;
    if (state.is === 'running') return false;
    throw new GeminiWebhooksError('keys_unavailable', `The job ${id} could not be looked up to confirm its event.`);
  };
}

import { GeminiWebhooksError } from '../../errors.js';
import type { GeminiEventType } from '../../events/event-catalogue.js';
import { outcomeType } from '../../events/event-key.js';
import { resourceId } from '../../events/event-resource.js';
import type { JobConfirmation } from '../../signature/job-confirmation.js';
import type { JobTracker } from '../../inbox/job-tracker.js';
import type { JobChecker } from './job-checker.js';
import type { EndedJob } from './job-state.js';

/** Max wait for other polls: the response to the delivery waits with it. */
const MAX_WAIT_MS = 2_000;

/**
 * Returns the check that an event belongs to the job that its token names. A token is part of a URL, which may leak: an
 * attacker could put that URL into a job of their own. So an event whose job has another name than ours is confirmed by
 * polling our job. A job without a record or a name is accepted, because the record may not be written yet.
 */
export function confirmByPoll(tracker: JobTracker, checker: JobChecker): JobConfirmation {
  return async (id, type, resource) => {
    const job = await tracker.find({ id });
    if (job?.name === undefined) return true;
    if (resource && resourceId(resource.name) === resourceId(job.name)) return true;
    const state = await checker.poll(job, { maxWaitMs: MAX_WAIT_MS });
    if (state.is === 'ended') return matchesEnd(type, state);
    if (state.is === 'running') return false;
    throw new GeminiWebhooksError('keys_unavailable', `The job ${id} could not be polled to confirm its event.`);
  };
}

/** True if Gemini may send an event of this type for that end. It may send a pause for a tool as a completion (seen live). */
function matchesEnd(type: GeminiEventType, { event, announcedAs = event.type, outcome }: EndedJob): boolean {
  return (
    outcomeType(type) === outcomeType(announcedAs) ||
    (outcome === 'requires_action' && type === 'interaction.completed')
  );
}

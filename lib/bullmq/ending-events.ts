import { GEMINI_EVENTS, type GeminiEventType } from '../events/event-catalogue.js';
import { eventKey } from '../events/event-key.js';
import type { TrackedJob } from '../inbox/job-tracker.js';
import { jobIdOf, type DeliveryJobData } from './delivery-job.js';
import type { DeliveryQueue } from './inbox-store.js';

const TYPES = Object.keys(GEMINI_EVENTS) as GeminiEventType[];

/** Looks in the inbox for the event that ended a job: its key is made of what is known of the job. */
export function endingEvents(
  queue: () => DeliveryQueue,
  registration: string,
): (job: TrackedJob) => Promise<DeliveryJobData | undefined> {
  return async (job) => {
    for (const key of keysOf(job, registration)) {
      const found = await queue().getJob(jobIdOf(key));
      if (found) return (found as { readonly data: DeliveryJobData }).data;
    }
    return undefined;
  };
}

/** By the token that its webhook carries, and by its name for an event that came without one. */
function keysOf({ id, kind, name, params, bound }: TrackedJob, registration: string): string[] {
  const resource = name === undefined ? undefined : { kind, name };
  const jobs = [...(bound ? [{ kind, id }] : []), ...(resource ? [undefined] : [])];
  const types = TYPES.filter((type) => GEMINI_EVENTS[type].kind === kind);
  return jobs.flatMap((job) =>
    types.map((type) => eventKey({ registration, params, type, resource, job, messageId: '' })),
  );
}

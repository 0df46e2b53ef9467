import { GEMINI_EVENTS, type GeminiEventType, type GeminiResourceKind } from '../../events/event-catalogue.js';
import { earlierEventKey, eventKey } from '../../events/event-key.js';
import type { TrackedJob } from '../../inbox/job-tracker.js';
import { deliveryJobId, type DeliveryJobData } from '../store/delivery-job.js';
import type { DeliveryJob, DeliveryQueue } from '../store/inbox-store.js';
import { isUndecided } from '../deliveries/undecided-events.js';

/** Types of events that end a job. A `*.lost` notice does not. */
const ENDING_TYPES = (Object.keys(GEMINI_EVENTS) as GeminiEventType[]).filter((type) => !type.endsWith('.lost'));

/** Returns a function that finds the event that ended a job in the inbox. Derives its key from the job. */
export function endingEventFinder(
  queue: () => Promise<DeliveryQueue>,
  registration: string,
): (job: TrackedJob) => Promise<DeliveryJobData | undefined> {
  return async (job) => {
    for (const key of eventKeysOf(job, registration)) {
      const found = (await (await queue()).getJob(deliveryJobId(key))) as DeliveryJob | undefined;
      // The event's own worker decides its type; deciding here too would poll Gemini twice.
      if (found && !isUndecided(job, found)) return found.data;
    }
    return undefined;
  };
}

/** Keys by the token in the job's webhook, and by its name for events without a token. Several types share a key. Version 0.1.0 had others. */
function eventKeysOf({ id, kind, name, params, bound }: TrackedJob, registration: string): Iterable<string> {
  const resource = name === undefined ? undefined : { kind, name };
  const jobs = [...(bound ? [{ kind, id }] : []), ...(resource ? [undefined] : [])];
  const types = ENDING_TYPES.filter((type) => mayEnd(kind, GEMINI_EVENTS[type].kind));
  const identities = jobs.flatMap((job) => types.map((type) => ({ registration, params, type, resource, job })));
  return new Set([
    ...identities.map((identity) => eventKey({ ...identity, messageId: '' })),
    ...identities.flatMap((identity) => earlierEventKey(identity) ?? []),
  ]);
}

/** An interaction generates a video, so the event that ends the job may be of either kind. */
function mayEnd(kind: GeminiResourceKind, eventKind: GeminiResourceKind): boolean {
  return kind === eventKind || (kind !== 'batch' && eventKind !== 'batch');
}

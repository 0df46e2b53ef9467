import type { GeminiEventType } from '../../events/event-catalogue.js';
import { resourceId } from '../../events/event-resource.js';
import { verifiedDelivery, type DecidedEvent, type VerifiedDelivery } from '../../events/verified-delivery.js';
import type { LostJob, LostOutcome, TrackedJob } from '../../inbox/job-tracker.js';

/** An event that polling found. */
export interface FoundEvent {
  readonly event: DecidedEvent;
  /** Type of the event that Gemini would have sent, if that differs. */
  readonly announcedAs?: GeminiEventType | undefined;
}

/**
 * Returns the delivery that the job's webhook would have brought, under the same event key: the second of the two is a
 * duplicate.
 *
 * @param name Gemini's name for the job; our own id if that is unknown
 */
export function reconciledDelivery(
  job: TrackedJob,
  name: string,
  { event: { type, data }, announcedAs }: FoundEvent,
  registration: string,
  now: Date,
): VerifiedDelivery {
  const raw = {
    type,
    version: 'v1',
    timestamp: now.toISOString(),
    data,
    ...(job.metadata && { user_metadata: job.metadata }),
  };
  return verifiedDelivery({
    id: `reconciled_${resourceId(name)}`,
    registration,
    attemptedAt: now,
    strategy: 'reconciled',
    params: job.params,
    raw,
    body: Buffer.from(JSON.stringify(raw)),
    announcedAs,
    job: job.bound ? { kind: job.kind, id: job.id } : undefined,
  });
}

/** Returns the notice that the outcome of a job is unknown. It has its own key, because an end may still follow. */
export function lostJob(job: TrackedJob, outcome: LostOutcome, registration: string, now: Date): LostJob {
  const { id, kind, name } = job;
  const message = MESSAGES[outcome];
  const type = `${kind}.lost` as const;
  const data = { id: name === undefined ? id : resourceId(name), reason: outcome, message };
  const notice = reconciledDelivery(job, name ?? id, { event: { type, data } }, registration, now);
  return { settlement: { outcome, event: notice.event, message }, notice };
}

const MESSAGES: Readonly<Record<LostOutcome, string>> = {
  not_found: 'Gemini reports that there is no such job',
  unknown_outcome: 'no event arrived, and polling did not find how the job ended',
};

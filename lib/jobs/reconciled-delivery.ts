import { verifiedDelivery, type VerifiedDelivery } from '../events/verified-delivery.js';
import { resourceId } from '../events/event-resource.js';
import type { TrackedJob } from '../inbox/job-tracker.js';
import type { EndedJob } from './job-state.js';

/**
 * The delivery that a job's webhook would have been, with the event key that it would have had: whichever of the two
 * comes second is a duplicate.
 */
export function reconciledDelivery(
  job: TrackedJob,
  name: string,
  { type, data }: NonNullable<EndedJob['event']>,
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
    job: job.bound ? { kind: job.kind, id: job.id } : undefined,
  });
}

import { verifiedDelivery, type VerifiedDelivery } from '../../lib/events/verified-delivery.js';
import type { JobCheck, JobTracking, JobVerdict, TrackedJob } from '../../lib/inbox/job-tracker.js';
import { outcomeOfEvent } from '../../lib/jobs/job-outcome.js';
import { lostJob, reconciledDelivery } from '../../lib/jobs/polling/polled-delivery.js';
import { bodyOf } from './senders.js';

/** Creates a running job, a new one on each call. */
export function newJob(changes: Partial<TrackedJob> = {}): TrackedJob {
  const id = `job.batch.${crypto.randomUUID()}`;
  return { id, kind: 'batch', params: {}, bound: true, createdAt: Date.now(), ...changes };
}

/** Creates the delivery of an event of the job, identified by token or, for an unbound job, by name. */
export function deliveryOfJob(job: TrackedJob, { type = 'batch.succeeded', data = {} } = {}): VerifiedDelivery {
  const body = bodyOf(type, { id: job.name ?? 'batches/named', ...data });
  return verifiedDelivery({
    id: `msg_${crypto.randomUUID()}`,
    registration: 'default',
    attemptedAt: new Date(),
    strategy: 'jwks',
    params: job.params,
    raw: JSON.parse(body) as { type: string },
    body: Buffer.from(body),
    job: job.bound ? { kind: job.kind, id: job.id } : undefined,
  });
}

/** Answers for Gemini: an event decides by its type, a poll by the test's script. */
export class ScriptedGemini {
  /** Ids of the polled jobs. */
  readonly asked: string[] = [];
  /** Answers a poll, given the job and the number of its earlier polls. */
  answer: (job: TrackedJob, before: number) => JobVerdict | Promise<JobVerdict> = () => ({ is: 'running' });

  readonly check: JobCheck = async (job, event) => {
    const settlement = event && outcomeOfEvent(event);
    if (settlement && !job.tools) return { is: 'settled', settlement };
    const before = this.asked.filter((id) => id === job.id).length;
    this.asked.push(job.id);
    return this.answer(job, before);
  };

  /** Options of an engine for tracking jobs. */
  tracking(reconcile: JobTracking['reconcile']): JobTracking {
    return { check: this.check, lost: (job, outcome) => lostJob(job, outcome, 'default', new Date()), reconcile };
  }

  /** Answer for a job that has succeeded and whose event was not sent. */
  succeeded(job: TrackedJob, name = job.name ?? 'batches/found'): JobVerdict {
    const ended = { type: 'batch.succeeded', data: { id: name, output_file_uri: 'files/out' } } as const;
    const reconciled = reconciledDelivery(job, name, { event: ended }, 'default', new Date());
    return { is: 'settled', settlement: { outcome: 'succeeded', event: reconciled.event }, reconciled };
  }
}

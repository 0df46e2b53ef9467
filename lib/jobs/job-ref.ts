import { GeminiWebhooksError } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { jobIdInKey } from '../events/event-key.js';
import { kindOfJobId, resourceId } from '../events/event-resource.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import { idOfName, type TrackedJob } from '../inbox/job-tracker.js';
import type { GeminiJob } from './gemini-job.js';

/** Reference to a job: a `GeminiJob`, its `id`, a Gemini resource name, or one of its events. */
export type GeminiJobRef = Pick<GeminiJob, 'id' | 'kind' | 'name'> | GeminiEvent | string;

/** A job as a reference describes it, not recorded yet. */
export type DescribedJob = Omit<TrackedJob, 'createdAt'>;

/** Returns the id of a new job. */
export function newJobId(kind: GeminiResourceKind): string {
  return `job.${kind}.${crypto.randomUUID()}`;
}

/** Returns the id of a job with an `idempotencyKey`, derived from the key's hash. */
export function jobIdOfKey(kind: GeminiResourceKind, hash: string): string {
  return `job.${kind}.key-${hash}`;
}

/**
 * Returns what a reference says about its job.
 *
 * @param params values of the route's parameters, if the route of the job's event has any
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function describedJob(ref: GeminiJobRef, params: Readonly<Record<string, string>> = {}): DescribedJob {
  if (typeof ref === 'string') return describedByText(ref, params);
  if (typeof ref === 'object' && ref !== null) {
    if ('delivery' in ref) return describedByEvent(ref);
    if (typeof ref.id === 'string') return { ...describedByText(ref.id, params), ...(ref.name && { name: ref.name }) };
  }
  throw new GeminiWebhooksError(
    'invalid_argument',
    'GeminiJobs: got no job reference. Give a GeminiJob, its id, a Gemini resource name or an event.',
  );
}

function describedByText(text: string, params: Readonly<Record<string, string>>): DescribedJob {
  const ownKind = kindOfJobId(text);
  if (ownKind) return { id: text, kind: ownKind, params, bound: true };
  const tracked = /^name\/(batch|video|interaction)\/(?:.*\/)?([^/]+)$/.exec(text);
  if (tracked) {
    const [, kind, name] = tracked as unknown as [string, GeminiResourceKind, string];
    return { id: text, kind, name: decodeURIComponent(name), params, bound: false };
  }
  if (text === '' || text.length > 2_000) {
    throw new GeminiWebhooksError('invalid_argument', 'GeminiJobs: the name of the job is empty or too long.');
  }
  return describedByName(kindOf(text), text, params);
}

function describedByEvent({ data, delivery, resource, type }: GeminiEvent): DescribedJob {
  const id = jobIdInKey(delivery.key);
  if (!resource) {
    // A notice of a job whose name was never known contains our own id.
    if (typeof data.id === 'string' && kindOfJobId(data.id)) return describedByText(data.id, delivery.params);
    throw new GeminiWebhooksError('invalid_argument', `GeminiJobs: an event of type ${type} names no job.`);
  }
  const { kind, name } = resource;
  if (id === undefined) return describedByName(kind, name, delivery.params);
  return { id, kind, name, params: delivery.params, bound: true };
}

function describedByName(
  kind: GeminiResourceKind,
  text: string,
  params: Readonly<Record<string, string>>,
): DescribedJob {
  const name = kind === 'batch' ? `batches/${resourceId(text)}` : text;
  return { id: idOfName({ kind, name, params }), kind, name, params, bound: false };
}

/** Returns the kind of a name. Gemini's names of batches and operations have a prefix; any other is an interaction's id. */
function kindOf(name: string): GeminiResourceKind {
  if (/^(batches\/|batch_)/.test(name)) return 'batch';
  return /(^|\/)operations\//.test(name) ? 'video' : 'interaction';
}

import { GeminiWebhooksError } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { jobIdInKey } from '../events/event-key.js';
import { resourceId } from '../events/event-resource.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import { idOfName, type TrackedJob } from '../inbox/job-tracker.js';
import type { GeminiJob } from './gemini-job.js';

/** Which job: a `GeminiJob`, its `id`, a Gemini resource name, or an event of it. */
export type GeminiJobRef = Pick<GeminiJob, 'id' | 'kind' | 'name'> | GeminiEvent | string;

/** A job as a reference describes it, as yet unrecorded. */
export type DescribedJob = Omit<TrackedJob, 'createdAt'>;

const OWN_ID = /^job\.(batch|video|interaction)\.[\w-]+$/;

/** The id of a job that is about to be started. */
export function newJobId(kind: GeminiResourceKind): string {
  return `job.${kind}.${crypto.randomUUID()}`;
}

/**
 * What a reference says about its job.
 *
 * @param params of the route by which the job's event comes, where it has any
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
    'GeminiJobs: got no reference to a job. Give a GeminiJob, its id, a Gemini resource name or an event.',
  );
}

function describedByText(text: string, params: Readonly<Record<string, string>>): DescribedJob {
  const own = OWN_ID.exec(text);
  if (own) return { id: text, kind: own[1] as GeminiResourceKind, params, bound: true };
  const tracked = /^name\/(batch|video|interaction)\/(?:.*\/)?([^/]+)$/.exec(text);
  if (tracked) {
    const [, kind, name] = tracked as unknown as [string, GeminiResourceKind, string];
    return { id: text, kind, name: decodeURIComponent(name), params, bound: false };
  }
  if (text === '' || text.length > 2_000) {
    throw new GeminiWebhooksError('invalid_argument', 'GeminiJobs: got an empty or over-long name of a job.');
  }
  return describedByName(kindOf(text), text, params);
}

function describedByEvent({ delivery, resource, type }: GeminiEvent): DescribedJob {
  const id = jobIdInKey(delivery.key);
  if (!resource) {
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

/** Gemini's names say what they are of; an interaction's id is the one that looks like nothing else. */
function kindOf(name: string): GeminiResourceKind {
  if (/^(batches\/|batch_)/.test(name)) return 'batch';
  return /(^|\/)operations\//.test(name) ? 'video' : 'interaction';
}

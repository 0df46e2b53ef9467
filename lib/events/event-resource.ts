import { GeminiWebhooksError } from '../errors.js';
import { describe } from '../shared/check-object.js';
import { isObject } from '../shared/is-object.js';
import { GEMINI_EVENTS, type GeminiEventType, type GeminiResourceKind } from './event-catalogue.js';
import type { GeminiEvent, GeminiResource } from './gemini-event.js';

/** Returns the job that `data.id` of an event in the catalogue refers to, if it has one. */
export function resourceOf(
  type: GeminiEventType | undefined,
  data: Readonly<Record<string, unknown>>,
): GeminiResource | undefined {
  const id = data['id'];
  if (!type || typeof id !== 'string' || id === '' || kindOfJobId(id)) return undefined;
  const { kind } = GEMINI_EVENTS[type];
  // `ai.batches.get` throws on a bare id.
  return { kind, name: kind === 'batch' && !id.includes('/') ? `batches/${resourceId(id)}` : id };
}

/** Returns the kind of job from our own job id (`job.video.…`), or `undefined` for any other id. */
export function kindOfJobId(id: string): GeminiResourceKind | undefined {
  return /^job\.(batch|video|interaction)\.[\w-]+$/.exec(id)?.[1] as GeminiResourceKind | undefined;
}

/**
 * Returns the id that all spellings of a job's name share: the last path segment without a leading `batch_`. Google uses
 * `123`, `batch_123`, `batches/123` and `models/…/operations/123`.
 */
export function resourceId(name: string): string {
  const segment = name.slice(name.lastIndexOf('/') + 1);
  return segment.startsWith('batch_') ? segment.slice('batch_'.length) : segment;
}

/**
 * Returns the location of the result of a `batch.succeeded` or `video.generated` event. Reads all of Google's spellings
 * (`output_file_uri` in the documentation, `video_uri` in the cookbook). Returns `undefined` if the event has none, such as
 * for a batch with inline requests.
 *
 * @throws GeminiWebhooksError `invalid_argument` for what is not an event
 */
export function outputUri(event: Pick<GeminiEvent, 'data'>): string | undefined {
  const { data } = (event ?? {}) as { readonly data?: unknown };
  if (!isObject(data))
    throw new GeminiWebhooksError('invalid_argument', `outputUri: got ${describe(event)} that is not an event.`);
  const uri = ['output_file_uri', 'outputFileUri', 'video_uri', 'videoUri'].map((field) => data[field]).find(isText);
  return uri;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

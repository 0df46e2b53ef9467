import { GEMINI_EVENTS, type GeminiEventType } from './event-catalogue.js';
import type { GeminiEvent, GeminiResource } from './gemini-event.js';

/** The job that an event of the catalogue is about, when its `data.id` says so. */
export function resourceOf(
  type: GeminiEventType | undefined,
  data: Readonly<Record<string, unknown>>,
): GeminiResource | undefined {
  const id = data['id'];
  if (!type || typeof id !== 'string' || id === '') return undefined;
  const { kind } = GEMINI_EVENTS[type];
  // `ai.batches.get` throws on a bare id.
  return { kind, name: kind === 'batch' && !id.includes('/') ? `batches/${resourceId(id)}` : id };
}

/**
 * What is the same in every spelling of a job's name: the last path segment without a leading `batch_`. Google writes
 * `123`, `batch_123`, `batches/123` and `models/…/operations/123`.
 */
export function resourceId(name: string): string {
  const segment = name.slice(name.lastIndexOf('/') + 1);
  return segment.startsWith('batch_') ? segment.slice('batch_'.length) : segment;
}

/**
 * Where the result of a `batch.succeeded` or `video.generated` is, in whichever of Google's spellings it came
 * (`output_file_uri` in the documentation, `video_uri` in the cookbook); `undefined` when the event names none, as for
 * a batch with inline requests.
 */
export function outputUri(event: Pick<GeminiEvent, 'data'>): string | undefined {
  const data = event.data as unknown as Readonly<Record<string, unknown>>;
  const uri = ['output_file_uri', 'outputFileUri', 'video_uri', 'videoUri'].map((field) => data[field]).find(isText);
  return uri;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

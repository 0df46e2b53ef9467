import { randomUUID } from 'node:crypto';
import { catalogueType, GEMINI_EVENTS, type GeminiEventType } from '../../events/event-catalogue.js';

/** An event to be signed. */
export interface TriggeredEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/**
 * An event as Gemini would send it, about a job that there has never been.
 *
 * @param data in place of what is made up
 */
export function triggeredEvent(type: string, data: Readonly<Record<string, string>>): TriggeredEvent {
  const known = catalogueType(type);
  return { type, data: { ...(known ? exampleOf(known) : { id: randomUUID() }), ...data } };
}

function exampleOf(type: GeminiEventType): Readonly<Record<string, unknown>> {
  const id = `${GEMINI_EVENTS[type].kind}_${randomUUID()}`;
  if (type === 'batch.succeeded') return { id, output_file_uri: `gs://example/${id}.jsonl` };
  if (type === 'video.generated') return { id, output_file_uri: `gs://example/${id}.mp4`, file_name: `files/${id}` };
  if (type.endsWith('.failed')) return { id, error_code: 'INTERNAL', error_message: 'sent by trigger' };
  return { id };
}

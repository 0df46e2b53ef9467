import { randomUUID } from 'node:crypto';
import { catalogueType, GEMINI_EVENTS, type GeminiEventType } from '../../events/event-catalogue.js';

/** Event to sign. */
export interface TriggeredEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/**
 * Returns an event in Gemini's format about an invented job.
 *
 * @param data fields that replace the invented ones; the others match its `id`
 */
export function triggeredEvent(type: string, data: Readonly<Record<string, string>>): TriggeredEvent {
  const known = catalogueType(type);
  return { type, data: { ...(known ? exampleOf(known, data['id']) : { id: randomUUID() }), ...data } };
}

function exampleOf(
  type: GeminiEventType,
  id = `${GEMINI_EVENTS[type].kind}_${randomUUID()}`,
): Readonly<Record<string, unknown>> {
  if (type === 'batch.succeeded') return { id, output_file_uri: `gs://example/${id}.jsonl` };
  if (type === 'video.generated') return { id, output_file_uri: `gs://example/${id}.mp4`, file_name: `files/${id}` };
  if (type.endsWith('.failed')) return { id, error_code: 'INTERNAL', error_message: 'sent by trigger' };
  return { id };
}

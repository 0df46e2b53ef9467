import { outputUri } from '../../events/event-resource.js';
import type { GeminiEvent } from '../../events/gemini-event.js';

/**
 * Returns the location of the video of a `video.generated`: its URI, otherwise its file's name (`files/…`); `undefined` if the
 * event contains neither, so that the interaction must be read.
 */
export function videoSourceOf(event: Pick<GeminiEvent, 'data'>): string | undefined {
  const data = event.data as unknown as Readonly<Record<string, unknown>>;
  return outputUri(event) ?? [data['file_name'], data['fileName']].find(isText);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

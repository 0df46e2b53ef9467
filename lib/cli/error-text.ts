import { isRecord } from '../events/parse-event.js';
import { messageOf } from '../errors.js';
import { printable } from './table.js';

/** The error in one line. The SDK's own text is the answer as it came: what Gemini says stands in it. */
export function errorText(error: unknown): string {
  const { status, error: body } = (error ?? {}) as { readonly status?: unknown; readonly error?: unknown };
  const said = isRecord(body) && isRecord(body['error']) ? body['error']['message'] : undefined;
  if (typeof status === 'number' && typeof said === 'string') return `Gemini answers ${status}: ${printable(said)}`;
  return messageOf(error);
}

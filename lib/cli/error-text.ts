import { isObject } from '../shared/is-object.js';
import { messageOf } from '../errors.js';
import { printable } from './table.js';

/** Replaces the user name and password of each URL in a text. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z\d+.-]*:\/\/)\S*@/gi, '$1…@');
}

/** Returns an error as one line. The message of the SDK's error is the raw response, so this extracts Gemini's own message. */
export function errorText(error: unknown): string {
  const { status, error: body } = (error ?? {}) as { readonly status?: unknown; readonly error?: unknown };
  const message = isObject(body) && isObject(body['error']) ? body['error']['message'] : undefined;
  if (typeof status === 'number' && typeof message === 'string')
    return `Gemini returns ${status}: ${printable(message)}`;
  return messageOf(error);
}

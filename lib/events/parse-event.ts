import { isUtf8 } from 'node:buffer';
import { GeminiWebhooksError } from '../errors.js';
import { isObject } from '../shared/is-object.js';

/** Event from a verified body or from a token's claims: an object with a string `type` and unchecked other fields. */
export interface RawGeminiEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * Parses a verified body.
 *
 * @throws GeminiWebhooksError `malformed_event` when they are not a UTF-8 JSON object with a string `type`
 */
export function parseEvent(body: Buffer): RawGeminiEvent {
  if (!isUtf8(body)) throw malformed('the body is not UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (cause) {
    throw malformed('the body is not JSON', cause);
  }
  return asRawEvent(value);
}

/** @throws GeminiWebhooksError `malformed_event` when the value is not an object with a string `type` */
export function asRawEvent(value: unknown): RawGeminiEvent {
  if (!isObject(value)) throw malformed('the event is not a JSON object');
  if (!Object.hasOwn(value, 'type') || typeof value['type'] !== 'string')
    throw malformed('the event has no string "type"');
  return value as RawGeminiEvent;
}

function malformed(what: string, cause?: unknown): GeminiWebhooksError {
  return new GeminiWebhooksError('malformed_event', `The signature of a delivery is valid, but ${what}.`, { cause });
}

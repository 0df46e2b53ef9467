import { isObject } from '../shared/is-object.js';
import type { TraceCarrier } from './telemetry.js';

/** Max length of all names and values of a carrier. `traceparent` has 55 characters, `tracestate` at most 512. */
const MAX_LENGTH = 1_024;

/**
 * Returns the entries that are safe to store with an event, or to read from a store: printable text, limited in length.
 * Returns `undefined` if there are none.
 */
export function boundedCarrier(carrier: unknown): TraceCarrier | undefined {
  if (!isObject(carrier)) return undefined;
  let length = 0;
  const entries = Object.entries(carrier).filter((entry): entry is [string, string] => {
    if (!entry.every(isPrintable)) return false;
    const own = entry.join('').length;
    if (length + own > MAX_LENGTH) return false;
    length += own;
    return true;
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** PostgreSQL rejects some other text, and no format of trace headers needs it. */
function isPrintable(text: unknown): text is string {
  return typeof text === 'string' && /^[\u0020-\u007e]*$/.test(text);
}

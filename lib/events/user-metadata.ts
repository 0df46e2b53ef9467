import { isObject } from '../shared/is-object.js';
import type { RawGeminiEvent } from './parse-event.js';

/** Google does not document where an event has `user_metadata` or how it is spelt, so all likely places are read. */
const SPELLINGS = ['user_metadata', 'userMetadata'];

/** Returns the user metadata of a job, from the first place in the body that has an object; `{}` if there is none. */
export function userMetadataOf(event: RawGeminiEvent): Readonly<Record<string, unknown>> {
  return placesOf(event)[0] ?? {};
}

/** Returns the values of one metadata field, from all places that have it. */
export function userMetadataField(event: RawGeminiEvent, field: string): unknown[] {
  return placesOf(event)
    .filter((metadata) => Object.hasOwn(metadata, field) && metadata[field] !== undefined)
    .map((metadata) => metadata[field]);
}

/** Returns a copy of the event without one metadata field, which is removed in all places. */
export function withoutUserMetadataField(event: RawGeminiEvent, field: string): RawGeminiEvent {
  if (userMetadataField(event, field).length === 0) return event;
  const stripped = strip(event, field);
  return { ...stripped, type: event.type, ...(isObject(event['data']) && { data: strip(event['data'], field) }) };
}

/** Returns the metadata objects in all places of the event. */
function placesOf(event: RawGeminiEvent): Record<string, unknown>[] {
  const places: Record<string, unknown>[] = [];
  for (const holder of [event, event['data']]) {
    if (!isObject(holder)) continue;
    for (const name of SPELLINGS) {
      const place = Object.hasOwn(holder, name) ? holder[name] : undefined;
      if (isObject(place)) places.push(place);
    }
  }
  return places;
}

function strip(holder: Readonly<Record<string, unknown>>, field: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(holder).map(([name, value]) => {
      if (!SPELLINGS.includes(name) || !isObject(value)) return [name, value];
      return [name, Object.fromEntries(Object.entries(value).filter(([key]) => key !== field))];
    }),
  );
}

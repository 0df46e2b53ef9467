import { isRecord, type RawGeminiEvent } from './parse-event.js';

/** Google has not published where `user_metadata` stands in an event, or how it is spelt: each likely place is read. */
const SPELLINGS = ['user_metadata', 'userMetadata'];

/** What a job was started with, from the first place in the body that holds an object; `{}` when none does. */
export function userMetadataOf(event: RawGeminiEvent): Readonly<Record<string, unknown>> {
  return placesOf(event)[0] ?? {};
}

/** Values of one metadata field, from every place where it may stand. */
export function userMetadataField(event: RawGeminiEvent, field: string): unknown[] {
  return placesOf(event)
    .filter((metadata) => Object.hasOwn(metadata, field) && metadata[field] !== undefined)
    .map((metadata) => metadata[field]);
}

/** The event without one metadata field, wherever it stood. The event given is not changed. */
export function withoutUserMetadataField(event: RawGeminiEvent, field: string): RawGeminiEvent {
  if (userMetadataField(event, field).length === 0) return event;
  const stripped = strip(event, field);
  return { ...stripped, type: event.type, ...(isRecord(event['data']) && { data: strip(event['data'], field) }) };
}

/** Every object that stands where metadata may. */
function placesOf(event: RawGeminiEvent): Record<string, unknown>[] {
  const places: Record<string, unknown>[] = [];
  for (const holder of [event, event['data']]) {
    if (!isRecord(holder)) continue;
    for (const name of SPELLINGS) {
      const place = Object.hasOwn(holder, name) ? holder[name] : undefined;
      if (isRecord(place)) places.push(place);
    }
  }
  return places;
}

function strip(holder: Readonly<Record<string, unknown>>, field: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(holder).map(([name, value]) => {
      if (!SPELLINGS.includes(name) || !isRecord(value)) return [name, value];
      return [name, Object.fromEntries(Object.entries(value).filter(([key]) => key !== field))];
    }),
  );
}

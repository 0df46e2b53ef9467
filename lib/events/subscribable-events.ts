import { GeminiWebhooksError } from '../errors.js';
import { quoted } from '../shared/check-object.js';
import { catalogueType, GEMINI_EVENTS, type SubscribableGeminiEventType } from './event-catalogue.js';
import { suggestedEvent } from './suggested-event.js';

const SUBSCRIBABLE: readonly string[] = Object.entries(GEMINI_EVENTS)
  .filter(([, { subscribable }]) => subscribable)
  .map(([type]) => type);

/** Types to subscribe to, as Gemini accepts them, or the reason why the names are invalid and what to do. */
export type SubscribedEvents =
  { readonly types: readonly SubscribableGeminiEventType[] } | { readonly given: string; readonly todo: string };

/** Returns the catalogue's types for the names, without duplicates. Old names are mapped. */
export function subscribedEvents(names: unknown): SubscribedEvents {
  const list = `The events are: ${SUBSCRIBABLE.join(', ')}.`;
  if (!Array.isArray(names) || names.length === 0) return { given: 'got no list of events', todo: list };
  const types = new Set<SubscribableGeminiEventType>();
  for (const name of names as unknown[]) {
    const type = typeof name === 'string' ? catalogueType(name) : undefined;
    if (type === undefined)
      return {
        given: `got ${quoted(name)}, which Gemini does not send`,
        todo: `${suggestedEvent(name, SUBSCRIBABLE)} ${list}`.trimStart(),
      };
    if (!isSubscribable(type)) return { given: `got "${type}", which cannot be subscribed to`, todo: list };
    types.add(type);
  }
  return { types: [...types] };
}

/**
 * Returns the events to subscribe to from a string, such as an environment variable.
 *
 * @param names a list, or a comma-separated string
 * @throws GeminiWebhooksError `invalid_argument` for a name that cannot be subscribed to
 *
 * @example
 * const events = subscribableEvents(config.getOrThrow('GEMINI_EVENTS')); // 'batch.succeeded,batch.failed'
 */
export function subscribableEvents(names: string | readonly string[]): SubscribableGeminiEventType[] {
  const list = typeof names === 'string' ? names.split(',').map((name) => name.trim()) : names;
  const subscribed = subscribedEvents(list);
  if ('todo' in subscribed)
    throw new GeminiWebhooksError('invalid_argument', `subscribableEvents: ${subscribed.given}. ${subscribed.todo}`);
  return [...subscribed.types];
}

function isSubscribable(type: keyof typeof GEMINI_EVENTS): type is SubscribableGeminiEventType {
  return GEMINI_EVENTS[type].subscribable;
}

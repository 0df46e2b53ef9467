import { catalogueType, GEMINI_EVENTS, type SubscribableGeminiEventType } from './event-catalogue.js';

const SUBSCRIBABLE: readonly string[] = Object.entries(GEMINI_EVENTS)
  .filter(([, { subscribable }]) => subscribable)
  .map(([type]) => type);

/** What a static webhook is to be told of, as Gemini takes it; or why it cannot be, with what to do. */
export type SubscribedEvents =
  { readonly types: readonly SubscribableGeminiEventType[] } | { readonly given: string; readonly todo: string };

/** Event names by the catalogue: old names mapped, each once. */
export function subscribedEvents(names: unknown): SubscribedEvents {
  const list = `The events are: ${SUBSCRIBABLE.join(', ')}.`;
  if (!Array.isArray(names) || names.length === 0) return { given: 'got no list of events', todo: list };
  const types = new Set<SubscribableGeminiEventType>();
  for (const name of names as unknown[]) {
    const type = typeof name === 'string' ? catalogueType(name) : undefined;
    if (type === undefined) return { given: `got ${JSON.stringify(name)}, which Gemini does not send`, todo: list };
    if (!isSubscribable(type)) return { given: `got "${type}", which cannot be subscribed to`, todo: list };
    types.add(type);
  }
  return { types: [...types] };
}

function isSubscribable(type: keyof typeof GEMINI_EVENTS): type is SubscribableGeminiEventType {
  return GEMINI_EVENTS[type].subscribable;
}

import { nearestWord } from '../shared/nearest-word.js';
import { catalogueType, GEMINI_EVENTS, type GeminiEventType } from './event-catalogue.js';

const TYPES = Object.keys(GEMINI_EVENTS);

/**
 * Returns `" Did you mean …?"` for a misspelled event, to append to an error, else `''`. For a misspelled old name it
 * suggests the new one.
 *
 * @param names valid names
 */
export function suggestedEvent(given: unknown, names: readonly string[] = TYPES): string {
  const nearest = typeof given === 'string' ? nearestWord(given, [...names, ...names.flatMap(oldNamesOf)]) : undefined;
  return nearest === undefined ? '' : ` Did you mean "${catalogueType(nearest) ?? nearest}"?`;
}

function oldNamesOf(name: string): readonly string[] {
  return Object.hasOwn(GEMINI_EVENTS, name) ? GEMINI_EVENTS[name as GeminiEventType].sentAs : [];
}

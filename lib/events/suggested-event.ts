import { nearestWord } from '../shared/nearest-word.js';
import { GEMINI_EVENTS } from './event-catalogue.js';

const TYPES = Object.keys(GEMINI_EVENTS);

/**
 * Returns `" Did you mean …?"` for a misspelled event, to append to an error, else `''`.
 *
 * @param names valid names
 */
export function suggestedEvent(given: unknown, names: readonly string[] = TYPES): string {
  const nearest = typeof given === 'string' ? nearestWord(given, names) : undefined;
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

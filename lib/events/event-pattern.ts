import { catalogueType, GEMINI_EVENTS, type GeminiEventType } from './event-catalogue.js';
import type { GeminiEvent, GeminiEventOf, GeminiEventPattern } from './gemini-event.js';

const TYPES = Object.keys(GEMINI_EVENTS) as GeminiEventType[];

/** Every pattern except `*`. */
export const PATTERNS: readonly string[] = [
  ...TYPES,
  ...new Set(Object.values(GEMINI_EVENTS).map(({ kind }) => `${kind}.*`)),
];

/**
 * True if the event matches the pattern. Narrows the event's type.
 *
 * @example
 * if (isGeminiEvent(event, 'batch.*')) event.data.id
 */
export function isGeminiEvent<const Pattern extends GeminiEventPattern>(
  event: GeminiEvent,
  pattern: Pattern | readonly Pattern[],
): event is Extract<GeminiEvent, GeminiEventOf<Pattern>> {
  return matchesPattern(event.type, pattern);
}

/** True if a type, given by its catalogue name, matches any of the patterns. */
export function matchesPattern(type: string, patterns: GeminiEventPattern | readonly GeminiEventPattern[]): boolean {
  if (typeof patterns !== 'string') return patterns.some((pattern) => matchesPattern(type, pattern));
  return patterns === '*' || typesOfPattern(patterns).includes(type as GeminiEventType);
}

/** True if a value, possibly from plain JavaScript, is a pattern. */
export function isPattern(pattern: unknown): pattern is GeminiEventPattern {
  return pattern === '*' || (typeof pattern === 'string' && typesOfPattern(pattern).length > 0);
}

function typesOfPattern(pattern: string): readonly GeminiEventType[] {
  if (pattern.endsWith('.*')) return TYPES.filter((type) => type.startsWith(pattern.slice(0, -1)));
  const type = catalogueType(pattern);
  return type ? [type] : [];
}

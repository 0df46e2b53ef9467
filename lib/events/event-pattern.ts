import { catalogueType, GEMINI_EVENTS, type GeminiEventType } from './event-catalogue.js';
import { GeminiWebhooksError } from '../errors.js';
import { describe } from '../shared/check-object.js';
import { isObject } from '../shared/is-object.js';
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
 *
 * @throws GeminiWebhooksError `invalid_argument` for what is not an event, and for a pattern that is no text
 */
export function isGeminiEvent<const Pattern extends GeminiEventPattern>(
  event: GeminiEvent,
  pattern: Pattern | readonly Pattern[],
): event is Extract<GeminiEvent, GeminiEventOf<Pattern>> {
  checkKinds(event, pattern);
  return matchesPattern(event.type, pattern);
}

/** Plain JavaScript can pass anything. */
function checkKinds(event: unknown, pattern: unknown): void {
  if (!isObject(event) || typeof event['type'] !== 'string')
    throw new GeminiWebhooksError('invalid_argument', `isGeminiEvent: got ${describe(event)} that is not an event.`);
  const patterns: readonly unknown[] = Array.isArray(pattern) ? pattern : [pattern];
  const wrong = patterns.findIndex((one) => typeof one !== 'string');
  if (wrong < 0) return;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `isGeminiEvent: got ${describe(patterns[wrong])} for a pattern. Give 'batch.succeeded', 'batch.*', '*', or a list of them.`,
  );
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

import { GeminiWebhooksError } from '../errors.js';
import { quoted } from '../shared/check-object.js';
import { isPattern, PATTERNS } from './event-pattern.js';
import { suggestedEvent } from './suggested-event.js';

/**
 * Rejects patterns that match no event, which plain JavaScript can pass.
 *
 * @param where what the patterns were given to
 * @throws GeminiWebhooksError
 */
export function checkPatterns(
  where: string,
  patterns: readonly unknown[],
  code: 'invalid_handler' | 'invalid_argument',
): void {
  const index = patterns.findIndex((one) => !isPattern(one));
  if (patterns.length > 0 && index < 0) return;
  const wrong = patterns[index];
  const given = patterns.length === 0 ? 'an empty list' : quoted(wrong);
  throw new GeminiWebhooksError(
    code,
    `${where}: ${given} is not an event.${suggestedEvent(wrong, PATTERNS)} Give a type of the catalogue ('batch.succeeded'), all types of a kind ('batch.*'), or '*', which also matches types unknown to this version.`,
  );
}

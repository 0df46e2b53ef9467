import { GeminiWebhooksError } from './errors.js';
import { show } from './option-checks.js';

/** What a numeric option may be. */
export interface WholeNumberRule {
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Numeric options with their defaults.
 *
 * @throws GeminiWebhooksError `invalid_option` with the option, what was given and what it may be
 */
export function checkWholeNumbers<Name extends string>(
  owner: string,
  given: Readonly<Partial<Record<NoInfer<Name>, unknown>>>,
  rules: Readonly<Record<Name, WholeNumberRule>>,
): Record<Name, number> {
  const entries = Object.entries<WholeNumberRule>(rules).map(([name, { fallback, least, most }]) => {
    const value = given[name as Name] ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
      return [name, value];
    throw new GeminiWebhooksError(
      'invalid_option',
      `${owner}: ${name}: got ${show(value)}. Give a whole number from ${least} to ${most}.`,
    );
  });
  return Object.fromEntries(entries) as Record<Name, number>;
}

import { GeminiWebhooksError } from '../errors.js';
import { show } from './option-checks.js';

/** Default and bounds of a numeric option. */
export interface WholeNumberRule {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Returns the numeric options, with defaults for those that are not set.
 *
 * @throws GeminiWebhooksError `invalid_option` with the option, the given value and the bounds
 */
export function checkWholeNumbers<Name extends string>(
  owner: string,
  given: Readonly<Partial<Record<NoInfer<Name>, unknown>>>,
  rules: Readonly<Record<Name, WholeNumberRule>>,
): Record<Name, number> {
  const entries = Object.entries<WholeNumberRule>(rules).map(([name, { fallback, min, max }]) => {
    const value = given[name as Name] ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return [name, value];
    throw new GeminiWebhooksError(
      'invalid_option',
      `${owner}: ${name}: got ${show(value)}. Give a whole number from ${min} to ${max}.`,
    );
  });
  return Object.fromEntries(entries) as Record<Name, number>;
}

import { GeminiWebhooksError } from '../errors.js';
import { describe } from '../shared/check-object.js';

/** Throws an error with the option, the given value and what to do. The app does not start. */
export function invalid(option: string, given: string, todo: string): never {
  throw new GeminiWebhooksError('invalid_option', `GeminiWebhooksModule: ${option}: ${given}. ${todo}`);
}

/** Checks a group of options. Rejects unknown names, because a misspelled option would silently have no effect. */
export function checkGroup<T extends object>(
  option: string,
  value: T,
  names: Readonly<Record<keyof T, true>>,
  todo: string,
): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    invalid(option, `got ${describe(value)}`, todo);
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(names, name)) {
      invalid(`${option}.${name}`, 'is not an option', `The options are: ${Object.keys(names).join(', ')}.`);
    }
  }
  return value;
}

/** Returns a string or a list of strings, neither of them empty; `undefined` if the option is not set. */
export function checkTexts(option: string, value: unknown): string | string[] | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && one !== ''))
    return [...value];
  return invalid(option, `got ${show(value)}`, 'Give a string or a list of strings.');
}

/** Returns the URL if it passes `accepts`. Rejects a user name or password, which would end up in logs. */
export function checkUrl(option: string, given: unknown, accepts: (url: URL) => boolean, todo: string): URL {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
  if (url && (url.username || url.password)) invalid(option, 'contains a user name or password', todo);
  return url && accepts(url) ? url : invalid(option, `got ${show(given)}`, todo);
}

/** Returns the name of one value of an option that takes a text or several: without an index for the only text. */
export function placeIn(option: string, values: readonly unknown[], index: number): string {
  return values.length === 1 && typeof values[0] === 'string' ? option : `${option}[${index}]`;
}

/** Splits a comma-separated environment variable into its values. */
export function splitList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
}

/** Formats a value for an error message. Only for options without secrets. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'number' ? String(value) : describe(value);
}

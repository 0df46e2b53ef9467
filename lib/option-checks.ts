import { GeminiWebhooksError } from './errors.js';

/** Ends the start of the app with an error that says which option, what was given and what to do. */
export function invalid(option: string, given: string, todo: string): never {
  throw new GeminiWebhooksError('invalid_option', `GeminiWebhooksModule: ${option}: ${given}. ${todo}`);
}

/** An option that is itself a set of options, whose names are all known: a misspelt one would quietly do nothing. */
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

export function checkTexts(option: string, value: unknown): string | string[] | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && one !== ''))
    return [...value];
  return invalid(option, `got ${show(value)}`, 'Give a string or a list of strings.');
}

/** A URL that passes `accepts`. Never one with a user name or password, which would end up in logs. */
export function checkUrl(option: string, given: unknown, accepts: (url: URL) => boolean, todo: string): URL {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
  if (url && (url.username || url.password)) invalid(option, 'holds a user name or password', todo);
  return url && accepts(url) ? url : invalid(option, `got ${show(given)}`, todo);
}

/** The parts of an environment variable that holds several values. */
export function splitList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
}

/** The value in an error's words, for options that hold no secrets. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'number' ? String(value) : describe(value);
}

/** What kind of value it is, for options whose value may be a secret. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : value === undefined ? 'undefined' : `a ${typeof value}`;
}

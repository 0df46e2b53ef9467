import { GeminiWebhooksError } from '../errors.js';
import { hasMethods, isObject } from './is-object.js';

/**
 * Rejects options that are not an object, which plain JavaScript can pass.
 *
 * @param owner function that takes the options
 * @throws GeminiWebhooksError
 */
export function checkObject(
  owner: string,
  value: unknown,
  { code = 'invalid_option', todo = 'Give an object, or nothing.' }: Readonly<CheckObjectOptions> = {},
): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw new GeminiWebhooksError(code, `${owner}: options: got ${describe(value)}. ${todo}`);
}

/**
 * Returns the options of a call.
 *
 * @throws GeminiWebhooksError `invalid_argument` for what is not an object
 */
export function callOptions<Options extends object>(owner: string, options: Options): Options {
  checkObject(owner, options, { code: 'invalid_argument', todo: 'Give an object.' });
  checkCommonOptions(owner, options);
  return options;
}

/** Checks the options that several calls have: what is not a signal would fail only later, with a TypeError. */
function checkCommonOptions(
  owner: string,
  { signal, params }: { readonly signal?: unknown; readonly params?: unknown },
) {
  const invalid = (option: string, given: unknown, todo: string) =>
    new GeminiWebhooksError('invalid_argument', `${owner}: ${option}: got ${describe(given)}. ${todo}`);
  const isSignal = hasMethods(signal, 'addEventListener', 'removeEventListener', 'throwIfAborted');
  if (signal !== undefined && !isSignal) throw invalid('signal', signal, 'Give an AbortSignal.');
  if (params !== undefined && !isObject(params))
    throw invalid('params', params, "Give the values of the route's parameters, by name.");
}

interface CheckObjectOptions {
  code?: 'invalid_option' | 'invalid_argument' | 'invalid_handler';
  /** What to do about it. */
  todo?: string;
}

/**
 * Rejects what is not an object, and unknown names in it: a misspelled option would silently have no effect.
 *
 * @param owner function that takes the options
 * @throws GeminiWebhooksError
 */
export function checkNames(
  owner: string,
  options: object,
  names: Readonly<Record<string, unknown>>,
  { code = 'invalid_option' }: Pick<CheckObjectOptions, 'code'> = {},
): void {
  const todo = `The options are: ${Object.keys(names).join(', ')}.`;
  checkObject(owner, options, { code, todo });
  if (code === 'invalid_argument') checkCommonOptions(owner, options);
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name));
  if (unknown !== undefined) throw new GeminiWebhooksError(code, `${owner}: ${unknown}: is not an option. ${todo}`);
}

/** Formats a value for an error message: as JSON, or its kind if JSON cannot represent it. */
export function quoted(value: unknown): string {
  try {
    return JSON.stringify(value) ?? describe(value);
  } catch {
    return describe(value);
  }
}

/** Returns the kind of a value, for options that may contain a secret. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : value === undefined ? 'undefined' : `a ${typeof value}`;
}

import { GeminiWebhooksError } from '../errors.js';
import { show } from '../config/option-checks.js';
import { isObject } from '../shared/is-object.js';

/** What `GeminiWebhooksHealth.check` reports as `down`, beyond the store and the worker. */
export interface GeminiHealthLimits {
  /** Max age of the oldest unfinished event, in milliseconds. Events that wait for a retry count as well. */
  readonly maxLagMs?: number | undefined;
  /** Max number of failed events. */
  readonly maxFailed?: number | undefined;
  /**
   * Max age of Google's public keys, in milliseconds. Older keys are fetched during the check, at most every 30 s, so that it
   * is exceeded only while they cannot be fetched. Rejected with `jwks: false`, which has no keys.
   */
  readonly maxKeySetAgeMs?: number | undefined;
  /**
   * `true` reports `down` unless Gemini delivers to the app's static webhook. `false` does not ask Gemini.
   * @default reported without a limit if the option `endpoint` is set
   */
  readonly webhook?: boolean | undefined;
  /**
   * `false` reports the worker without a limit. For a process with `workers: false`, which still stores events while no
   * worker runs.
   * @default true
   */
  readonly worker?: boolean | undefined;
}

/** Options of `GeminiWebhooksHealth.check`. */
export interface GeminiHealthOptions<Key extends string = string> extends GeminiHealthLimits {
  /**
   * Key of the result.
   * @default 'gemini-webhooks', or 'gemini-webhooks-<name>' for a named module instance
   */
  readonly key?: Key | undefined;
}

const CHECKS: Readonly<Record<keyof GeminiHealthOptions, { accepts(value: unknown): boolean; readonly give: string }>> =
  {
    maxLagMs: { accepts: isCount, give: 'a number of at least 0' },
    maxFailed: { accepts: isCount, give: 'a number of at least 0' },
    maxKeySetAgeMs: { accepts: isCount, give: 'a number of at least 0' },
    webhook: { accepts: isFlag, give: 'true or false' },
    worker: { accepts: isFlag, give: 'true or false' },
    key: { accepts: (value) => typeof value === 'string' && value !== '', give: 'a name' },
  };

/**
 * Rejects unknown options: a misspelled limit would never be exceeded.
 *
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function checkHealthOptions(options: GeminiHealthOptions): void {
  if (!isObject(options)) throw invalidArgument(`got ${show(options)}. Give an object with limits, or nothing.`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name))
      throw invalidArgument(`${name}: is not an option. The options are: ${Object.keys(CHECKS).join(', ')}.`);
    const { accepts, give } = CHECKS[name as keyof GeminiHealthOptions];
    if (value !== undefined && !accepts(value)) throw invalidArgument(`${name}: got ${show(value)}. Give ${give}.`);
  }
}

export function invalidArgument(message: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `GeminiWebhooksHealth.check: ${message}`);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

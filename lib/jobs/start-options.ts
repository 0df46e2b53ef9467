import { GeminiWebhooksError } from '../errors.js';
import type { JobStartOptions } from './job-webhooks.js';

const NAMES: Readonly<Record<keyof JobStartOptions, true>> = { uri: true, params: true, idempotencyKey: true };

/**
 * Checks the options of a start: a misspelled `idempotencyKey` would be ignored and start a job twice.
 *
 * @param method name of the called method, for the error
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function checkStartOptions(method: string, options: JobStartOptions): void {
  const todo = `The options are: ${Object.keys(NAMES).join(', ')}.`;
  if (typeof options !== 'object' || options === null) {
    throw new GeminiWebhooksError('invalid_argument', `GeminiJobs.${method}: options: is not an object. ${todo}`);
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown === undefined) return;
  throw new GeminiWebhooksError('invalid_argument', `GeminiJobs.${method}: ${unknown} is not an option. ${todo}`);
}

import { checkNames } from '../shared/check-object.js';
import type { JobStartOptions } from './job-webhooks.js';

const NAMES: Readonly<Record<keyof JobStartOptions, true>> = { uri: true, params: true, idempotencyKey: true };

/**
 * Checks the options of a start: a misspelled `idempotencyKey` would be ignored and start a job twice.
 *
 * @param method name of the called method, for the error
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function checkStartOptions(method: string, options: JobStartOptions): void {
  checkNames(`GeminiJobs.${method}`, options, NAMES, { code: 'invalid_argument' });
}

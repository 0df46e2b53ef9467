import { checkTimeout as checkTimeoutOf } from '../shared/check-timeout.js';

/**
 * Checks a `timeoutMs` option of `GeminiJobs` before anything is sent.
 *
 * @throws GeminiWebhooksError `invalid_argument` for anything but a whole number of milliseconds from 1 to 24.8 days
 */
export function checkTimeout(method: string, timeoutMs: unknown, option?: string): void {
  checkTimeoutOf(`GeminiJobs.${method}`, timeoutMs, option);
}

import { GeminiWebhooksError } from '../errors.js';
import { statusOf } from '../shared/http-status.js';

/**
 * True if the API refused to start the job, or got no request: our own errors are thrown before the request. After any other
 * error, such as a lost response, the job may run.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof GeminiWebhooksError) return true;
  const status = statusOf(error);
  return status !== undefined && status >= 400 && status < 500 && status !== 408;
}

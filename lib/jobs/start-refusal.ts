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

/** What a connection reports that ended, or was too slow, after the request was sent. */
const LOST: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'AbortError',
  'TimeoutError',
]);

/** True if the request was most likely sent and its answer was lost, so that the job may run. */
export function isAnswerLost(error: unknown): boolean {
  // Thrown before the request. Its cause may be the store's lost connection.
  if (error instanceof GeminiWebhooksError) return false;
  for (let one = error; one instanceof Error; one = one.cause)
    if (LOST.has(one.name) || LOST.has((one as NodeJS.ErrnoException).code)) return true;
  return false;
}

import { GeminiWebhooksError } from '../errors.js';
import { isApiError } from './api-error.js';
import { millisecondsOf } from './gemini-api.js';

const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const MAX_DELAY_MS = 30_000;

/** A response that did not arrive or was interrupted. A retry may succeed. */
export class InterruptedTransferError extends GeminiWebhooksError {
  constructor(message: string, options?: ErrorOptions) {
    super('transfer_failed', message, options);
  }
}

/** True for the HTTP status of a temporary failure. */
export function isTransientStatus(status: number): boolean {
  return TRANSIENT_STATUSES.has(status);
}

/** True if a retry of the request may succeed. */
export function isTransient(error: unknown): boolean {
  if (error instanceof InterruptedTransferError) return true;
  return isApiError(error) && isTransientStatus(error.status);
}

/** Returns the milliseconds to wait before a retry: what `Retry-After` says, else the backoff, at most 30 s. */
export function retryDelay(error: unknown, backoffMs: number): number {
  const { headers } = (error ?? {}) as { readonly headers?: Headers };
  const retryAfterMs = millisecondsOf(headers?.get('retry-after') ?? null) ?? 0;
  return Math.min(Math.max(retryAfterMs, backoffMs * (1 + Math.random() / 2)), MAX_DELAY_MS);
}

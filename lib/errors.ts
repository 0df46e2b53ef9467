/** Codes of what a delivery can be refused with: the `code` of the problem+json answer and of the error behind it. */
export type GeminiDeliveryErrorCode =
  | 'missing_header'
  | 'malformed_header'
  | 'timestamp_out_of_tolerance'
  | 'malformed_event'
  | 'signature_mismatch'
  | 'unbound_delivery'
  | 'request_timeout'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'handler_failed'
  | 'raw_body_unavailable'
  | 'still_processing'
  | 'keys_unavailable'
  | 'inbox_unavailable';

/**
 * How a job ended that did not succeed. `failed`, `expired`, `cancelled` and `requires_action` have an event; of the
 * others Gemini announces nothing: `filtered` (a video that its safety filters took), `incomplete` and
 * `budget_exceeded` (an interaction), `not_found` (Gemini knows no such job), `unknown_outcome` (nobody could find out).
 */
export type GeminiJobErrorCode =
  | 'failed'
  | 'expired'
  | 'cancelled'
  | 'requires_action'
  | 'filtered'
  | 'incomplete'
  | 'budget_exceeded'
  | 'not_found'
  | 'unknown_outcome';

/** How a job ended. */
export type GeminiJobOutcome = 'succeeded' | GeminiJobErrorCode;

/** Every `code` that an error of this package can have. Stable: match on it, not on messages. */
export type GeminiWebhooksErrorCode =
  | GeminiDeliveryErrorCode
  | GeminiJobErrorCode
  | 'invalid_option'
  | 'invalid_handler'
  | 'invalid_argument'
  | 'unrecoverable_event'
  | 'transfer_failed'
  | 'secret_not_saved'
  | 'timeout'
  | 'closed';

/**
 * What every error of this package is. `code` says which one; the message says what happened, what was given (never a
 * secret) and what to do.
 */
export class GeminiWebhooksError extends Error {
  override readonly name: string = 'GeminiWebhooksError';

  constructor(
    readonly code: GeminiWebhooksErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Throw it from a handler when trying again cannot help. The handler is not run again for this event (except by a
 * replay), the other handlers keep their attempts, and the failure is logged and emitted as final.
 *
 * @example
 * throw new UnrecoverableEventError(`no such order: ${orderId}`);
 */
export class UnrecoverableEventError extends GeminiWebhooksError {
  override readonly name = 'UnrecoverableEventError';

  constructor(message = 'this event cannot be handled, now or later', options?: ErrorOptions) {
    super('unrecoverable_event', message, options);
  }
}

/** A wait of ours took longer than its `timeoutMs`. Has the `name` that `AbortSignal.timeout` reasons have. */
export class TimeoutError extends GeminiWebhooksError {
  override readonly name = 'TimeoutError';

  constructor(message: string, options?: ErrorOptions) {
    super('timeout', message, options);
  }
}

/** The error's own words, for a log line, whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return Object.prototype.toString.call(error);
  }
}

/** The same for the middle of a sentence. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replace(/\.$/, '');
}

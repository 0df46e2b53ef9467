import { inspect } from 'node:util';

/** Codes of rejected deliveries: the `code` of the problem+json response and of the error that caused it. */
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
 * Outcome of a job that did not succeed. Gemini sends an event for `failed`, `expired`, `cancelled` and
 * `requires_action`, and none for the others: `filtered` (safety filters removed the video), `incomplete` and
 * `budget_exceeded` (interactions), `not_found` (Gemini does not know the job), `unknown_outcome` (polling got no answer
 * until `untilMs`).
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

/** Outcome of a job. */
export type GeminiJobOutcome = 'succeeded' | GeminiJobErrorCode;

/** Codes of this package's errors. They are stable: match on the code, not on the message. */
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
 * Base class of this package's errors. `code` identifies the error. The message says what happened, which value was given
 * (never a secret) and what to do.
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
 * Throw it from a handler when a retry cannot help. The handler does not run again for this event, except in a replay.
 * Other handlers keep their attempts. The failure is logged and emitted as final.
 *
 * @example
 * throw new UnrecoverableEventError(`no such order: ${orderId}`);
 */
export class UnrecoverableEventError extends GeminiWebhooksError {
  override readonly name = 'UnrecoverableEventError';

  constructor(message = 'this event cannot be handled', options?: ErrorOptions) {
    super('unrecoverable_event', message, options);
  }
}

/** Thrown when a wait exceeds its `timeoutMs`. Its `name` is that of an `AbortSignal.timeout` reason. */
export class TimeoutError extends GeminiWebhooksError {
  override readonly name = 'TimeoutError';

  constructor(message: string, options?: ErrorOptions) {
    super('timeout', message, options);
  }
}

/** Returns a message for any thrown value, for a log line. Never throws and never returns an empty string. */
export function messageOf(error: unknown): string {
  try {
    return readMessage(error);
  } catch {
    return 'an error that cannot be read';
  }
}

const MAX_SHOWN = 200;
const MAX_CAUSES = 3;
/** Message of Node's `fetch` for every failed connection, and the end of the SDK's. */
const FETCH_FAILED = /\bfetch failed$/;

function readMessage(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, name, code, errors } = error as Readonly<Record<string, unknown>>;
  if (isText(message)) return FETCH_FAILED.test(message) ? withCause(message, error) : withDetails(message, error);
  // Node reports a refused connection as an AggregateError without a message.
  if (Array.isArray(errors) && errors.length > 0) return errors.slice(0, MAX_CAUSES).map(messageOf).join(', ');
  if (error instanceof Error) return [name, code].filter(isText).join(' ') || 'an error without a message';
  const { toString } = error as { toString?: unknown };
  return typeof toString === 'function' && toString !== Object.prototype.toString
    ? String(error)
    : inspect(error, { depth: 0, breakLength: Infinity }).slice(0, MAX_SHOWN);
}

/** Adds the innermost cause: "fetch failed: connect ECONNREFUSED 127.0.0.1:443". */
function withCause(message: string, error: object): string {
  let cause: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES; depth += 1) {
    const { cause: next } = cause as { readonly cause?: unknown };
    if (typeof next !== 'object' || next === null) break;
    cause = next;
  }
  return cause === error ? message : `${message}: ${messageOf(cause)}`;
}

/** Adds the details of a `ValidationPipe`, whose exception always has the message "Bad Request Exception". */
function withDetails(message: string, error: object): string {
  const { getResponse } = error as { getResponse?: unknown };
  if (typeof getResponse !== 'function') return message;
  const response: unknown = getResponse.call(error);
  const details = (response as { message?: unknown } | null | undefined)?.message;
  return Array.isArray(details) ? `${message}: ${details.filter(isText).join(', ').slice(0, MAX_SHOWN)}` : message;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

/** True if the error says that a retry cannot help. */
export function isUnrecoverable(error: unknown): error is UnrecoverableEventError {
  return isInstance(error, UnrecoverableEventError);
}

/** `instanceof` that returns false where a proxy throws. */
export function isInstance<Class extends abstract new (...args: never[]) => unknown>(
  value: unknown,
  type: Class,
): value is InstanceType<Class> {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** Returns the error's message without its full stop, for the middle of a sentence. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replace(/\.$/, '');
}

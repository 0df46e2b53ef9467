import { HttpException } from '@nestjs/common';
import { GeminiWebhooksError, type GeminiDeliveryErrorCode } from './errors.js';

/** Response body of a rejected delivery: problem details as in RFC 9457. */
export interface Problem {
  /** A URN that ends in `code`. */
  readonly type: string;
  /** Short description that does not help a forger. */
  readonly title: string;
  /** The HTTP status. */
  readonly status: number;
  readonly code: GeminiDeliveryErrorCode;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** Status and title of the response for each error code. */
export const PROBLEMS: Record<GeminiDeliveryErrorCode, { status: number; title: string; retryAfterSeconds?: number }> =
  {
    missing_header: { status: 400, title: 'A required webhook header is missing' },
    malformed_header: { status: 400, title: 'A webhook header is malformed' },
    timestamp_out_of_tolerance: { status: 400, title: 'The webhook timestamp is too far from the current time' },
    malformed_event: { status: 400, title: 'The body is not an event' },
    signature_mismatch: { status: 401, title: 'The signature does not verify' },
    unbound_delivery: { status: 403, title: 'The delivery does not belong to this deployment' },
    request_timeout: { status: 408, title: 'The body took too long to arrive' },
    body_too_large: { status: 413, title: 'The body is too large' },
    unsupported_media_type: { status: 415, title: 'The body must be unencoded JSON' },
    handler_failed: { status: 500, title: 'The event could not be handled' },
    raw_body_unavailable: { status: 500, title: 'The raw body could not be read' },
    still_processing: { status: 503, title: 'The event is still being handled', retryAfterSeconds: 10 },
    keys_unavailable: { status: 503, title: 'The delivery cannot be verified at the moment', retryAfterSeconds: 10 },
    inbox_unavailable: { status: 503, title: 'The event cannot be accepted at the moment', retryAfterSeconds: 10 },
  };

/** Response to a rejected delivery. */
export interface ProblemAnswer {
  readonly problem: Problem;
  /** `content-type`, and `retry-after` (in seconds) for temporary errors. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Returns the response for an error. Unknown errors become `inbox_unavailable`, so that Google delivers the event again. */
export function problemOf(error: unknown): ProblemAnswer {
  const code = error instanceof GeminiWebhooksError && isDeliveryCode(error.code) ? error.code : 'inbox_unavailable';
  const { status, title, retryAfterSeconds } = PROBLEMS[code];
  return {
    problem: { type: `urn:nestjs-gemini-webhooks:problem:${code}`, title, status, code },
    headers: {
      'content-type': PROBLEM_CONTENT_TYPE,
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    },
  };
}

function isDeliveryCode(code: string): code is GeminiDeliveryErrorCode {
  return Object.hasOwn(PROBLEMS, code);
}

/**
 * Thrown by `GeminiSignatureGuard` and `GeminiInbox.accept`. It is an `HttpException` with the problem as its response, so
 * any exception filter sends the right response. `cause` is the original error, with details for the log.
 */
export class GeminiProblemException extends HttpException {
  readonly code: GeminiDeliveryErrorCode;
  /** Headers of the response. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(error: unknown) {
    const { problem, headers } = problemOf(error);
    super({ ...problem }, problem.status, { cause: error });
    this.message = problem.title;
    this.code = problem.code;
    this.headers = headers;
  }
}

/** Sets a header of the response to a request. */
export type SetHeader = (name: string, value: string) => void;

const SET_HEADER = Symbol('nestjs-gemini-webhooks:set-header');

/** Stores the response's header setter on a delivery, so that a later rejection can set the problem's headers. */
export function rememberResponse(delivery: object, setHeader: SetHeader): void {
  // Not enumerable, so that copies, comparisons and logs of the delivery ignore it.
  Object.defineProperty(delivery, SET_HEADER, { value: setHeader });
}

/** Returns the exception for an error, after setting its headers on the response to the delivery. */
export function problemException(
  error: unknown,
  delivery: object,
  setHeader = (delivery as { readonly [SET_HEADER]?: SetHeader })[SET_HEADER],
): GeminiProblemException {
  const exception = new GeminiProblemException(error);
  for (const [name, value] of Object.entries(exception.headers)) setHeader?.(name, value);
  return exception;
}

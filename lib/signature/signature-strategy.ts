import type { IncomingHttpHeaders } from 'node:http';

/** Request that a strategy verifies. */
export interface SignatureRequest {
  /** Header names in lower case, values as Node joins them. */
  readonly headers: IncomingHttpHeaders;
  /** Raw body. */
  readonly body: Buffer;
  /** Parameters of the route. */
  readonly params: Readonly<Record<string, string>>;
}

/** Result of a strategy that verified a request. */
export interface SignatureVerdict {
  /** Event: a JSON object with a string `type`. */
  readonly event: unknown;
  /** `true` if the signature itself proves that the delivery is for this deployment; `false` requires a binding token. */
  readonly bound: boolean;
}

/**
 * Custom way to verify a delivery: for a relay in front of the app, or a scheme that this package does not support.
 * Strategies run in order after the built-in ones; `undefined` means that the delivery is not for this strategy.
 *
 * @example
 * const relay: SignatureStrategy = {
 *   name: 'relay',
 *   async verify({ headers, body }) {
 *     if (!isSignedByRelay(headers['x-relay-signature'], body)) return undefined;
 *     return { event: JSON.parse(body.toString()), bound: true };
 *   },
 * };
 */
export interface SignatureStrategy {
  /** Becomes `event.delivery.strategy`. */
  readonly name: string;
  /** If it throws, the response is 503 and Google retries. */
  verify(request: SignatureRequest): Promise<SignatureVerdict | undefined>;
}

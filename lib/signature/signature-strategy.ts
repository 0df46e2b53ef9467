import type { IncomingHttpHeaders } from 'node:http';

/** A request as a strategy sees it. */
export interface SignatureRequest {
  /** Header names in lower case, values as Node joins them. */
  readonly headers: IncomingHttpHeaders;
  /** The body's bytes as they came. */
  readonly body: Buffer;
  /** The route's parameters. */
  readonly params: Readonly<Record<string, string>>;
}

/** What a strategy found in a request that it vouches for. */
export interface SignatureVerdict {
  /** The event: a JSON object with a string `type`. */
  readonly event: unknown;
  /** `true` when the signature itself proves that the delivery is for this deployment; `false` sends it through binding. */
  readonly bound: boolean;
}

/**
 * A way of your own to verify a delivery: for a relay in front of the app, or a scheme that this package does not know.
 * Strategies are asked in turn after the built-in ones; `undefined` means "not mine".
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
  /** Throwing is answered 503: Google tries again. */
  verify(request: SignatureRequest): Promise<SignatureVerdict | undefined>;
}

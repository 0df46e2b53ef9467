import { Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { asRawEvent, parseEvent, type RawGeminiEvent } from '../events/parse-event.js';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import { OccasionalWarning } from '../shared/occasional-warning.js';
import { withTimeout } from '../shared/timeouts.js';
import type { DeliveryRequest } from './delivery-request.js';
import { HmacStrategy } from './hmac.strategy.js';
import { JwksStrategy } from './jwks.strategy.js';
import type { KeySetStatus } from './key-set.js';
import type { LiveSecrets } from './live-secrets.js';
import { MismatchWarning } from './mismatch-warning.js';
import { checkTimestamp, parseSignatureHeaders, type SignatureHeaders } from './signature-headers.js';
import type { SignatureStrategy, SignatureVerdict } from './signature-strategy.js';
import { formatAge, StaleToken } from './stale-token.js';

/** Timeout of a custom strategy. Without one, a strategy that hangs would lose the delivery without a log line. */
const STRATEGY_TIMEOUT_MS = 10_000;

/** Authentic event. Unless it is `bound`, it may belong to another deployment. */
export interface Authentic {
  readonly strategy: string;
  readonly bound: boolean;
  readonly id: string;
  readonly attemptedAt: Date;
  readonly raw: RawGeminiEvent;
  /** Bytes that `raw` was parsed from. */
  readonly body: Buffer;
  /** Replaces the `webhook-id` if the signature does not cover the headers. */
  readonly messageId?: string;
}

/** Checks that Gemini sent a delivery. Tries the built-in strategies, then custom ones. */
export class Authenticator {
  readonly #hmac: HmacStrategy | undefined;
  readonly #jwks: JwksStrategy | undefined;
  readonly #strategies: readonly SignatureStrategy[];
  readonly #toleranceSeconds: number;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #unavailable = new OccasionalWarning({ warn: (message: string) => this.#logger.error(message) });
  readonly #stale = new OccasionalWarning(this.#logger);
  readonly #mismatches: MismatchWarning;

  constructor(
    {
      name,
      hmac,
      jwks,
      strategies,
      toleranceSeconds,
    }: Pick<GeminiWebhooksConfig, 'name' | 'hmac' | 'jwks' | 'strategies' | 'toleranceSeconds'>,
    liveSecrets?: LiveSecrets,
  ) {
    this.#hmac = hmac || liveSecrets ? new HmacStrategy(hmac || { secrets: [] }, liveSecrets) : undefined;
    this.#jwks = jwks ? new JwksStrategy(jwks, toleranceSeconds) : undefined;
    this.#strategies = strategies;
    this.#toleranceSeconds = toleranceSeconds;
    this.#mismatches = new MismatchWarning(this.#logger, { name, jwks }, () => Boolean(hmac || liveSecrets?.isUsed));
  }

  /** Number of authentic deliveries refused only for their age. */
  get staleCount(): number {
    return this.#stale.count;
  }

  /** Returns the state of Google's public keys; `undefined` if they are not used. */
  async keySetStatus(maxAgeMs?: number): Promise<KeySetStatus | undefined> {
    return this.#jwks?.keySetStatus(maxAgeMs);
  }

  /**
   * Authenticates a delivery. Returns a promise only if keys must be loaded: always returning one costs 0.8 µs per
   * delivery, about 6 % of the guard's time.
   *
   * @throws GeminiWebhooksError a code of the HTTP table, or rejects with it
   */
  authenticate(request: DeliveryRequest): Authentic | Promise<Authentic> {
    try {
      const authentic = this.#authenticateByBuiltInStrategies(request);
      if (authentic instanceof Promise) {
        return authentic.then(
          (found) => this.#accept(found, request, found.strategy === 'jwks'),
          (error: unknown) => this.#fallBackToCustomStrategies(request, error),
        );
      }
      return this.#accept(authentic, request, authentic.strategy === 'jwks');
    } catch (error) {
      return this.#fallBackToCustomStrategies(request, error);
    }
  }

  async #fallBackToCustomStrategies(request: DeliveryRequest, error: unknown): Promise<Authentic> {
    // The event is authentic, so no other strategy needs to run.
    if (error instanceof GeminiWebhooksError && error.code === 'malformed_event') throw error;
    const authentic = await this.#authenticateByCustomStrategies(request);
    const isMismatch = error instanceof GeminiWebhooksError && error.code === 'signature_mismatch';
    if (authentic) return this.#accept(authentic, request, isMismatch ? isSignedAsDynamic(request) : undefined);
    if (isMismatch) this.#mismatches.add(request.url, isSignedAsDynamic(request));
    throw error;
  }

  #accept(authentic: Authentic, { url }: DeliveryRequest, isDynamic: boolean | undefined): Authentic {
    this.#mismatches.reset(url, isDynamic);
    return authentic;
  }

  #authenticateByBuiltInStrategies(request: DeliveryRequest): Authentic | Promise<Authentic> {
    const headers = parseSignatureHeaders(request.headers);
    // Whole seconds, like the timestamp: otherwise a delivery exactly as old as the tolerance would be refused.
    const now = Math.floor(Date.now() / 1000);
    try {
      checkTimestamp(headers.seconds, this.#toleranceSeconds, now);
    } catch (refusal) {
      return this.#refuseForAge(headers, request, now, refusal);
    }
    const verified = this.#hmac?.verify(headers, request.body, request.params);
    if (verified === true) return authenticByHmac(headers, request.body);
    return this.#authenticateByLoadedKeys(headers, request, now, verified).then((authentic) => {
      if (authentic) return authentic;
      throw new GeminiWebhooksError('signature_mismatch', 'No entry of webhook-signature verifies.');
    });
  }

  /** Refuses the delivery, but verifies it first, to warn if a wrong clock causes the loss of authentic deliveries. */
  async #refuseForAge(
    headers: SignatureHeaders,
    request: DeliveryRequest,
    now: number,
    refusal: unknown,
  ): Promise<never> {
    const verified = this.#hmac?.verify(headers, request.body, request.params);
    const authentic = await this.#authenticateByLoadedKeys(headers, request, now, verified).catch(() => undefined);
    if (authentic) this.#warnStale(`it was signed ${formatAge(now - headers.seconds)}`);
    throw refusal;
  }

  /** @param verified result of the HMAC strategy */
  async #authenticateByLoadedKeys(
    headers: SignatureHeaders,
    { body }: DeliveryRequest,
    now: number,
    verified: boolean | Promise<boolean> | undefined,
  ): Promise<Authentic | undefined> {
    const { id, seconds } = headers;
    const attemptedAt = new Date(seconds * 1000);
    let unavailable: unknown;
    try {
      if (await verified) return authenticByHmac(headers, body);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#unavailable.warn(error.cause === undefined ? error.message : `${error.message} ${messageOf(error.cause)}`);
      unavailable = error;
    }
    if (await this.#jwks?.verifyBody(headers, body)) {
      return { strategy: 'jwks', bound: false, id, attemptedAt, raw: parseEvent(body), body };
    }
    const token = await this.#jwks?.verifyToken(headers, now);
    if (token instanceof StaleToken) this.#warnStale(token.age(now), token.isExpired);
    else if (token) {
      const { claims, messageId, issuedAt } = token;
      const bytes = Buffer.from(JSON.stringify(claims));
      return {
        strategy: 'jwks',
        bound: false,
        id,
        attemptedAt: issuedAt ?? attemptedAt,
        raw: asRawEvent(claims),
        body: bytes,
        messageId,
      };
    }
    if (unavailable !== undefined) throw unavailable;
    return undefined;
  }

  async #authenticateByCustomStrategies(request: DeliveryRequest): Promise<Authentic | undefined> {
    for (const strategy of this.#strategies) {
      const verdict = await this.#callStrategy(strategy, request);
      if (!verdict) continue;
      return {
        strategy: strategy.name,
        bound: verdict.bound === true,
        ...idAndTimeOf(request),
        raw: asRawEvent(verdict.event),
        // The request's body may wrap the event.
        body: Buffer.from(JSON.stringify(verdict.event)),
      };
    }
    return undefined;
  }

  async #callStrategy(
    strategy: SignatureStrategy,
    { headers, body, params }: DeliveryRequest,
  ): Promise<SignatureVerdict | undefined> {
    try {
      const verdict = Promise.resolve(strategy.verify({ headers, body, params }));
      return await withTimeout(verdict, STRATEGY_TIMEOUT_MS, 'verify() took too long');
    } catch (cause) {
      this.#logger.error(`The signature strategy "${strategy.name}" failed: ${messageOf(cause)}`);
      throw new GeminiWebhooksError('keys_unavailable', `The signature strategy "${strategy.name}" failed.`, { cause });
    }
  }

  #warnStale(age: string, isExpired = false): void {
    const advice = isExpired ? '' : `, or raise toleranceSeconds (${this.#toleranceSeconds})`;
    this.#stale.warn(
      `An authentic Gemini delivery was refused for its age only: ${age}. Check this machine's clock${advice}.`,
    );
  }
}

function authenticByHmac({ id, seconds }: SignatureHeaders, body: Buffer): Authentic {
  return { strategy: 'hmac', bound: true, id, attemptedAt: new Date(seconds * 1000), raw: parseEvent(body), body };
}

/** True if a delivery has signatures of dynamic webhooks only. */
function isSignedAsDynamic({ headers }: DeliveryRequest): boolean {
  const { v1, v1a, jwt } = parseSignatureHeaders(headers).signatures;
  return v1.length === 0 && v1a.length + jwt.length > 0;
}

/** Id and time of a delivery that only a custom strategy verified, which may lack webhook headers. */
function idAndTimeOf({ headers, body }: DeliveryRequest): { id: string; attemptedAt: Date } {
  try {
    const { id, seconds } = parseSignatureHeaders({ 'webhook-signature': 'none', ...headers });
    const attemptedAt = new Date(seconds * 1000);
    return { id, attemptedAt: Number.isNaN(attemptedAt.getTime()) ? new Date() : attemptedAt };
  } catch {
    return { id: `sha256_${createHash('sha256').update(body).digest('base64url')}`, attemptedAt: new Date() };
  }
}

function isUnavailable(error: unknown): error is GeminiWebhooksError {
  return error instanceof GeminiWebhooksError && error.code === 'keys_unavailable';
}

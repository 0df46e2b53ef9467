import { Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { asRawEvent, parseEvent, type RawGeminiEvent } from '../events/parse-event.js';
import type { GeminiWebhooksConfig } from '../gemini-webhooks.config.js';
import { OccasionalWarning } from '../occasional-warning.js';
import type { DeliveryRequest } from './delivery-request.js';
import { HmacStrategy } from './hmac.strategy.js';
import { JwksStrategy, STALE_TOKEN } from './jwks.strategy.js';
import type { LiveSecrets } from './live-secrets.js';
import { checkTimestamp, parseSignatureHeaders, type SignatureHeaders } from './signature-headers.js';
import type { SignatureStrategy, SignatureVerdict } from './signature-strategy.js';

/** What a signature vouches for. Whether it is for this deployment is another question, unless it is `bound`. */
export interface Authentic {
  readonly strategy: string;
  readonly bound: boolean;
  readonly id: string;
  readonly attemptedAt: Date;
  readonly raw: RawGeminiEvent;
  /** The bytes that `raw` was read from. */
  readonly body: Buffer;
  /** What stands for the `webhook-id` where the signature does not cover the headers. */
  readonly messageId?: string;
}

/** Answers: did Gemini say it? Tries the built-in strategies, then the user's own. */
export class Authenticator {
  readonly #hmac: HmacStrategy | undefined;
  readonly #jwks: JwksStrategy | undefined;
  readonly #strategies: readonly SignatureStrategy[];
  readonly #toleranceSeconds: number;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #unavailable = new OccasionalWarning({ warn: (message: string) => this.#logger.error(message) });
  readonly #stale = new OccasionalWarning(this.#logger);

  constructor(
    {
      hmac,
      jwks,
      strategies,
      toleranceSeconds,
    }: Pick<GeminiWebhooksConfig, 'hmac' | 'jwks' | 'strategies' | 'toleranceSeconds'>,
    liveSecrets?: LiveSecrets,
  ) {
    this.#hmac = hmac || liveSecrets ? new HmacStrategy(hmac || { secrets: [] }, liveSecrets) : undefined;
    this.#jwks = jwks ? new JwksStrategy(jwks, toleranceSeconds) : undefined;
    this.#strategies = strategies;
    this.#toleranceSeconds = toleranceSeconds;
  }

  /** How many authentic deliveries were refused for nothing but their age. */
  get staleCount(): number {
    return this.#stale.count;
  }

  /**
   * A promise only where keys have to be found first: each costs about as much as reading the headers does.
   *
   * @throws GeminiWebhooksError a code of the HTTP table, or rejects with it
   */
  authenticate(request: DeliveryRequest): Authentic | Promise<Authentic> {
    try {
      const authentic = this.#byStandardWebhooks(request);
      if (!(authentic instanceof Promise)) return authentic;
      return authentic.catch((error: unknown) => this.#orByOwnStrategies(request, error));
    } catch (error) {
      return this.#orByOwnStrategies(request, error);
    }
  }

  async #orByOwnStrategies(request: DeliveryRequest, error: unknown): Promise<Authentic> {
    // What is authentic but cannot be read is nobody else's.
    if (error instanceof GeminiWebhooksError && error.code === 'malformed_event') throw error;
    const authentic = await this.#byOwnStrategies(request);
    if (authentic) return authentic;
    throw error;
  }

  #byStandardWebhooks(request: DeliveryRequest): Authentic | Promise<Authentic> {
    const headers = parseSignatureHeaders(request.headers);
    // Whole seconds, as the timestamp: a delivery exactly as old as the tolerance is taken during that whole second.
    const now = Math.floor(Date.now() / 1000);
    try {
      checkTimestamp(headers.seconds, this.#toleranceSeconds, now);
    } catch (refusal) {
      return this.#refuseForAge(headers, request, now, refusal);
    }
    const verified = this.#hmac?.verify(headers, request.body, request.params);
    if (verified === true) return byHmac(headers, request.body);
    return this.#byLookedUpKeys(headers, request, now, verified).then((authentic) => {
      if (authentic) return authentic;
      throw new GeminiWebhooksError('signature_mismatch', 'No entry of webhook-signature verifies.');
    });
  }

  /** Verifies all the same: an operator must hear of authentic deliveries that are lost to a wrong clock. */
  async #refuseForAge(
    headers: SignatureHeaders,
    request: DeliveryRequest,
    now: number,
    refusal: unknown,
  ): Promise<never> {
    const verified = this.#hmac?.verify(headers, request.body, request.params);
    const authentic = await this.#byLookedUpKeys(headers, request, now, verified).catch(() => undefined);
    if (authentic) this.#warnStale(now - headers.seconds);
    throw refusal;
  }

  /** @param verified what the HMAC strategy said, or will say */
  async #byLookedUpKeys(
    headers: SignatureHeaders,
    { body }: DeliveryRequest,
    now: number,
    verified: boolean | Promise<boolean> | undefined,
  ): Promise<Authentic | undefined> {
    const { id, seconds } = headers;
    const attemptedAt = new Date(seconds * 1000);
    let unavailable: unknown;
    try {
      if (await verified) return byHmac(headers, body);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#unavailable.warn(error.cause === undefined ? error.message : `${error.message} ${messageOf(error.cause)}`);
      unavailable = error;
    }
    if (await this.#jwks?.verifyBody(headers, body)) {
      return { strategy: 'jwks', bound: false, id, attemptedAt, raw: parseEvent(body), body };
    }
    const token = await this.#jwks?.verifyToken(headers, now);
    if (typeof token === 'object') {
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
    if (token === STALE_TOKEN) this.#warnStale(now - seconds);
    if (unavailable !== undefined) throw unavailable;
    return undefined;
  }

  async #byOwnStrategies(request: DeliveryRequest): Promise<Authentic | undefined> {
    for (const strategy of this.#strategies) {
      const verdict = await this.#ask(strategy, request);
      if (!verdict) continue;
      return {
        strategy: strategy.name,
        bound: verdict.bound === true,
        ...factsOf(request),
        raw: asRawEvent(verdict.event),
        // The request's body may be an envelope around the event.
        body: Buffer.from(JSON.stringify(verdict.event)),
      };
    }
    return undefined;
  }

  async #ask(
    strategy: SignatureStrategy,
    { headers, body, params }: DeliveryRequest,
  ): Promise<SignatureVerdict | undefined> {
    try {
      return await strategy.verify({ headers, body, params });
    } catch (cause) {
      this.#logger.error(`The signature strategy "${strategy.name}" failed: ${messageOf(cause)}`);
      throw new GeminiWebhooksError('keys_unavailable', `The signature strategy "${strategy.name}" failed.`, { cause });
    }
  }

  #warnStale(ageSeconds: number): void {
    this.#stale.warn(
      `An authentic Gemini delivery was refused for its age only (${Math.round(ageSeconds)} s, toleranceSeconds is ${this.#toleranceSeconds}). ` +
        "Check this machine's clock, or raise toleranceSeconds.",
    );
  }
}

function byHmac({ id, seconds }: SignatureHeaders, body: Buffer): Authentic {
  return { strategy: 'hmac', bound: true, id, attemptedAt: new Date(seconds * 1000), raw: parseEvent(body), body };
}

/** Id and time of a delivery that only a strategy of the user's vouches for, which need not have webhook headers. */
function factsOf({ headers, body }: DeliveryRequest): { id: string; attemptedAt: Date } {
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

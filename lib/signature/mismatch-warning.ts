import type { Logger } from '@nestjs/common';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import type { JwksConfig } from '../config/jwks.config.js';
import { pathOf } from './delivery-request.js';

/** Fewer mismatches after a verified delivery may be forged or stray deliveries. */
const MIN_CONSECUTIVE = 3;
/** Minimum time between two log lines. */
const INTERVAL_MS = 60_000;
const MINUTE_MS = 60_000;

/**
 * Warns if no key verifies a delivery, usually because the configured secret belongs to another webhook. Reports the
 * first mismatch, and later ones if there are several in a row or no delivery has verified yet. Logs at most one line a
 * minute, without secrets; of the request it logs only the path.
 */
export class MismatchWarning {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #registration: string;
  readonly #hasSecret: () => boolean;
  readonly #jwks: JwksConfig | false;
  #consecutive = 0;
  #hasVerified = false;
  #unlogged = 0;
  /** True while every unlogged mismatch is of a dynamic webhook. */
  #areDynamic = true;
  /** Time of the first unlogged mismatch, or of the last log line. */
  #since = 0;
  #lastAt = -Infinity;

  /** @param hasSecret returns true if a signing secret is configured or stored */
  constructor(
    logger: Pick<Logger, 'warn'>,
    { name, jwks }: Pick<GeminiWebhooksConfig, 'name' | 'jwks'>,
    hasSecret: () => boolean,
  ) {
    this.#logger = logger;
    this.#registration = name;
    this.#jwks = jwks;
    this.#hasSecret = hasSecret;
  }

  /** Resets the count after a verified delivery. */
  reset(): void {
    this.#consecutive = 0;
    this.#unlogged = 0;
    this.#areDynamic = true;
    this.#hasVerified = true;
  }

  /**
   * @param url URL of the request that no key verified
   * @param isDynamic true if it is signed as a dynamic webhook only, which no secret verifies
   */
  add(url: string, isDynamic: boolean): void {
    const now = Date.now();
    if (!isDynamic) this.#areDynamic = false;
    if (this.#consecutive === 0) this.#since = now;
    this.#consecutive += 1;
    this.#unlogged += 1;
    const isFirst = this.#lastAt === -Infinity;
    const isReportable = isFirst || !this.#hasVerified || this.#consecutive >= MIN_CONSECUTIVE;
    if (!isReportable || now - this.#lastAt < INTERVAL_MS) return;
    this.#logger.warn(this.#text(url, Math.ceil((now - this.#since) / MINUTE_MS)));
    this.#lastAt = now;
    this.#since = now;
    this.#unlogged = 0;
    this.#areDynamic = true;
  }

  #text(url: string, minutes: number): string {
    const deliveries = this.#unlogged === 1 ? '1 delivery' : `${this.#unlogged} deliveries`;
    const span = minutes <= 1 ? 'minute' : `${minutes} minutes`;
    const where = `(module instance "${this.#registration}", ${pathOf(url)})`;
    const what = `${deliveries} in the last ${span} could not be verified with any`;
    if (this.#areDynamic) return `${what} public key: ${dynamicAdvice(this.#jwks)} ${where}`;
    const advice = this.#hasSecret()
      ? 'does GEMINI_WEBHOOK_SECRET (hmac.secrets) belong to this webhook? Compare it with the secret shown when the webhook was created or last rotated, or get a new one with `npx nestjs-gemini-webhooks rotate`. A proxy or tunnel that rewrites the body has the same effect.'
      : 'no signing secret is set. Set GEMINI_WEBHOOK_SECRET (hmac.secrets) if you registered a static webhook.';
    return `${what} secret: ${advice} ${where}`;
  }
}

function dynamicAdvice(jwks: JwksConfig | false): string {
  if (!jwks) return 'it is signed as a dynamic webhook, and jwks is false. Turn jwks on if jobs have dynamic webhooks.';
  const claims = [
    ...(jwks.audience === undefined ? [] : ['jwks.audience (GEMINI_WEBHOOK_AUDIENCE)']),
    ...(jwks.issuer === undefined ? [] : ['jwks.issuer']),
  ];
  const checked = claims.length === 0 ? '' : ` Compare ${claims.join(' and ')} with the claims of a token.`;
  return (
    'was it sent by Google? It is signed as a dynamic webhook, but not with a key of the key set (jwks.url, GEMINI_WEBHOOK_JWKS_URL). A simulator has keys of its own.' +
    `${checked} A proxy or tunnel that rewrites the body has the same effect.`
  );
}

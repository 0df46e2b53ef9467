import type { Logger } from '@nestjs/common';
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
  #consecutive = 0;
  #hasVerified = false;
  #unlogged = 0;
  /** Time of the first unlogged mismatch, or of the last log line. */
  #since = 0;
  #lastAt = -Infinity;

  /** @param hasSecret returns true if a signing secret is configured or stored */
  constructor(logger: Pick<Logger, 'warn'>, registration: string, hasSecret: () => boolean) {
    this.#logger = logger;
    this.#registration = registration;
    this.#hasSecret = hasSecret;
  }

  /** Resets the count after a verified delivery. */
  reset(): void {
    this.#consecutive = 0;
    this.#unlogged = 0;
    this.#hasVerified = true;
  }

  /** @param url URL of the request that no key verified */
  add(url: string): void {
    const now = Date.now();
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
  }

  #text(url: string, minutes: number): string {
    const deliveries = this.#unlogged === 1 ? '1 delivery' : `${this.#unlogged} deliveries`;
    const span = minutes <= 1 ? 'minute' : `${minutes} minutes`;
    const advice = this.#hasSecret()
      ? 'does GEMINI_WEBHOOK_SECRET (hmac.secrets) belong to this webhook? Compare it with the secret shown when the webhook was created or last rotated, or get a new one with `npx nestjs-gemini-webhooks rotate`. A proxy or tunnel that rewrites the body has the same effect.'
      : 'no signing secret is set. Set GEMINI_WEBHOOK_SECRET (hmac.secrets) if you registered a static webhook.';
    return `${deliveries} in the last ${span} could not be verified with any secret: ${advice} (module instance "${this.#registration}", ${pathOf(url)})`;
  }
}

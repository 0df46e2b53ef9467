import type { Logger } from '@nestjs/common';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import type { JwksConfig } from '../config/jwks.config.js';
import { BoundedCache } from '../shared/bounded-cache.js';
import { counted } from '../shared/counted.js';
import { pathOf } from './delivery-request.js';

/** Fewer mismatches after a verified delivery may be forged or stray deliveries. */
const MIN_CONSECUTIVE = 3;
/** Minimum time between two log lines. */
const INTERVAL_MS = 60_000;
const MINUTE_MS = 60_000;
/** Google retries for so long: a later mismatch at the same place has nothing to do with it. */
const MEMORY_MS = 24 * 60 * MINUTE_MS;
/** Senders choose the route parameters, and with them the paths. */
const MAX_SOURCES = 1_000;
const MAX_NAMED_PATHS = 3;

/** Deliveries with one kind of signature at one path, none of which has verified since the first mismatch. */
interface Source {
  readonly path: string;
  consecutive: number;
  unlogged: number;
  /** Time of the last mismatch. */
  addedAt: number;
  /** Time of the last log line that names the path; 0 if none does. */
  namedAt: number;
}

/**
 * Warns if no key verifies a delivery, usually because the configured secret belongs to another webhook. Reports the
 * first mismatch, and later ones if there are several in a row or no delivery has verified yet. A delivery that verifies
 * proves nothing about other paths and the other kind of signature, so it does not interrupt their rows. Logs at most one
 * line a minute, without secrets; of the requests it logs only paths.
 */
export class MismatchWarning {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #registration: string;
  readonly #hasSecret: () => boolean;
  readonly #jwks: JwksConfig | false;
  readonly #sources = new BoundedCache<Source>({ max: MAX_SOURCES });
  /** Mismatches since the last verified delivery of any kind: forged ones may each have a new path. */
  #consecutive = 0;
  #hasVerified = false;
  #unlogged = 0;
  #unloggedStatic = 0;
  /** Time of the first unlogged mismatch, or of the last log line. */
  #since: number | undefined;
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

  /**
   * Forgets the mismatches that a verified delivery disproves.
   *
   * @param isDynamic `undefined` if the delivery has no signature that a mismatch could have
   */
  reset(url: string, isDynamic: boolean | undefined): void {
    this.#consecutive = 0;
    this.#hasVerified = true;
    if (isDynamic === undefined || this.#sources.size === 0) return;
    const key = keyOf(pathOf(url), isDynamic);
    const source = this.#sources.get(key);
    if (!source) return;
    this.#sources.delete(key);
    this.#discount(source, isDynamic);
  }

  /**
   * @param url URL of the request that no key verified
   * @param isDynamic true if it is signed as a dynamic webhook only, which no secret verifies
   */
  add(url: string, isDynamic: boolean): void {
    const now = Date.now();
    const source = this.#sourceOf(pathOf(url), isDynamic, now);
    source.consecutive += 1;
    source.unlogged += 1;
    source.addedAt = now;
    this.#consecutive += 1;
    this.#unlogged += 1;
    if (!isDynamic) this.#unloggedStatic += 1;
    this.#since ??= now;
    if (!this.#isReportable(source) || now - this.#lastAt < INTERVAL_MS) return;
    this.#logger.warn(this.#text(this.#nameUnlogged(now), Math.ceil((now - this.#since) / MINUTE_MS)));
    this.#lastAt = now;
    this.#since = now;
    this.#unlogged = 0;
    this.#unloggedStatic = 0;
  }

  #sourceOf(path: string, isDynamic: boolean, now: number): Source {
    const key = keyOf(path, isDynamic);
    const known = this.#sources.get(key);
    if (known && now - known.addedAt <= MEMORY_MS) return known;
    if (known) this.#discount(known, isDynamic);
    const source = { path, consecutive: 0, unlogged: 0, addedAt: now, namedAt: 0 };
    this.#sources.set(key, source);
    return source;
  }

  #discount({ unlogged }: Source, isDynamic: boolean): void {
    this.#unlogged -= unlogged;
    if (!isDynamic) this.#unloggedStatic -= unlogged;
    if (this.#unlogged === 0) this.#since = undefined;
  }

  #isReportable({ consecutive }: Source): boolean {
    const isFirst = this.#lastAt === -Infinity;
    return isFirst || !this.#hasVerified || Math.max(consecutive, this.#consecutive) >= MIN_CONSECUTIVE;
  }

  /** Returns the paths for a log line. Forged deliveries at many paths must not keep another path out of every line. */
  #nameUnlogged(now: number): string {
    const unlogged = [...this.#sources.values()]
      .filter((source) => source.unlogged > 0)
      .toSorted((a, b) => a.namedAt - b.namedAt || b.consecutive - a.consecutive);
    const paths = new Set(unlogged.map(({ path }) => path));
    const named = new Set([...paths].slice(0, MAX_NAMED_PATHS));
    for (const source of unlogged) {
      source.unlogged = 0;
      if (named.has(source.path)) source.namedAt = now;
    }
    const others = paths.size - named.size;
    return [...named].join(', ') + (others === 0 ? '' : ` and ${counted(others, 'other path')}`);
  }

  #text(paths: string, minutes: number): string {
    const deliveries = this.#unlogged === 1 ? '1 delivery' : `${this.#unlogged} deliveries`;
    const span = minutes <= 1 ? 'minute' : `${minutes} minutes`;
    const where = `(module instance "${this.#registration}", ${paths})`;
    const what = `${deliveries} in the last ${span} could not be verified with any`;
    if (this.#unloggedStatic === 0) return `${what} public key: ${dynamicAdvice(this.#jwks)} ${where}`;
    const advice = this.#hasSecret()
      ? 'does GEMINI_WEBHOOK_SECRET (hmac.secrets) belong to this webhook? Compare it with the secret shown when the webhook was created or last rotated, or get a new one with `npx nestjs-gemini-webhooks rotate`. A proxy or tunnel that rewrites the body has the same effect.'
      : 'no signing secret is set. Set GEMINI_WEBHOOK_SECRET (hmac.secrets) if you registered a static webhook.';
    return `${what} secret: ${advice} ${where}`;
  }
}

function keyOf(path: string, isDynamic: boolean): string {
  return `${isDynamic ? 'dynamic' : 'static'} ${path}`;
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

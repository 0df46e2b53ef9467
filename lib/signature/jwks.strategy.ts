import { createHash, verify, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { JwksConfig } from '../jwks.config.js';
import { KeySet, type Keys } from './key-set.js';
import { isRecent, type SignatureHeaders } from './signature-headers.js';

/** What a verified token vouches for: its claims, not the request's body or headers. */
export interface VerifiedToken {
  readonly claims: JWTPayload;
  /** What stands for the `webhook-id`, which the token does not cover. */
  readonly messageId: string;
  readonly issuedAt: Date | undefined;
}

/** A token that is authentic, but too old or not old enough. */
export const STALE_TOKEN = Symbol('STALE_TOKEN');

const JWT_ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];

/** Verifies what dynamic webhooks are signed with: `v1a` entries as they are seen live, JWTs as they are documented. */
export class JwksStrategy {
  readonly #config: JwksConfig;
  readonly #keySet: KeySet;
  readonly #toleranceSeconds: number;
  #lastGood: KeyObject | undefined;

  constructor(config: JwksConfig, toleranceSeconds: number, keySet = new KeySet(config)) {
    this.#config = config;
    this.#toleranceSeconds = toleranceSeconds;
    this.#keySet = keySet;
  }

  /**
   * Whether one of the `v1a` entries is of one of the Ed25519 keys. The signature names none, so each is tried, the
   * last that verified first.
   *
   * @throws GeminiWebhooksError `keys_unavailable`
   */
  async verifyBody({ id, timestamp, signatures }: SignatureHeaders, body: Buffer): Promise<boolean> {
    if (signatures.v1a.length === 0) return false;
    const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
    const keys = await this.#keySet.keys();
    if (this.#verifyWithAny(keys, signed, signatures.v1a)) return true;
    const newer = await this.#keySet.keysAfter(keys);
    return newer !== undefined && this.#verifyWithAny(newer, signed, signatures.v1a);
  }

  #verifyWithAny({ ed25519 }: Keys, signed: Buffer, candidates: readonly Buffer[]): boolean {
    const lastGood = ed25519.find((key) => key === this.#lastGood);
    const inOrder = lastGood ? [lastGood, ...ed25519.filter((key) => key !== lastGood)] : ed25519;
    const good = inOrder.find((key) => candidates.some((signature) => verify(null, signed, key, signature)));
    if (good) this.#lastGood = good;
    return good !== undefined;
  }

  /**
   * The first JWT entry that verifies. `aud` and `iss` when they are configured; `exp` must not have passed and `iat`
   * must be recent, and one of them must be there.
   *
   * @throws GeminiWebhooksError `keys_unavailable`
   */
  async verifyToken(
    { signatures }: SignatureHeaders,
    nowSeconds: number,
  ): Promise<VerifiedToken | typeof STALE_TOKEN | undefined> {
    let found: typeof STALE_TOKEN | undefined;
    for (const token of signatures.jwt) {
      const result = await this.#verifyJwt(token, nowSeconds);
      if (typeof result === 'object') return result;
      found ??= result;
    }
    return found;
  }

  async #verifyJwt(token: string, nowSeconds: number): Promise<VerifiedToken | typeof STALE_TOKEN | undefined> {
    // A signature that nobody could have made is not worth a request for keys.
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
    const keys = await this.#keySet.keys();
    const result = await this.#verifyWith(keys.ofJwt, token, nowSeconds);
    if (result !== 'unknown key') return result;
    const newer = await this.#keySet.keysAfter(keys);
    const again = newer && (await this.#verifyWith(newer.ofJwt, token, nowSeconds));
    return again === 'unknown key' ? undefined : again;
  }

  async #verifyWith(
    ofJwt: JWTVerifyGetKey,
    token: string,
    nowSeconds: number,
  ): Promise<VerifiedToken | typeof STALE_TOKEN | 'unknown key' | undefined> {
    try {
      const { payload } = await jwtVerify(token, ofJwt, {
        algorithms: JWT_ALGORITHMS,
        currentDate: new Date(nowSeconds * 1000),
        ...(this.#config.audience !== undefined && { audience: this.#config.audience }),
        ...(this.#config.issuer !== undefined && { issuer: this.#config.issuer }),
      });
      if (payload.iat === undefined && payload.exp === undefined) return undefined;
      if (payload.iat !== undefined && !isRecent(payload.iat, this.#toleranceSeconds, nowSeconds)) return STALE_TOKEN;
      return {
        claims: payload,
        messageId: typeof payload.jti === 'string' && payload.jti !== '' ? payload.jti : hashOf(token),
        issuedAt: payload.iat === undefined ? undefined : new Date(payload.iat * 1000),
      };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return STALE_TOKEN;
      if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key';
      if (error instanceof errors.JWKSMultipleMatchingKeys) return this.#verifyWithEach(error, token, nowSeconds);
      return undefined;
    }
  }

  /** A token without `kid` fits several keys. */
  async #verifyWithEach(
    candidates: errors.JWKSMultipleMatchingKeys,
    token: string,
    nowSeconds: number,
  ): Promise<VerifiedToken | typeof STALE_TOKEN | 'unknown key' | undefined> {
    for await (const key of candidates) {
      const result = await this.#verifyWith(async () => key, token, nowSeconds);
      if (result !== undefined) return result;
    }
    return 'unknown key';
  }
}

/** The hash of the claims as they were signed. */
function hashOf(token: string): string {
  return createHash('sha256')
    .update(token.split('.')[1] ?? '')
    .digest('base64url');
}

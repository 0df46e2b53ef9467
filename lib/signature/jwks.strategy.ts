import { createHash, verify, type KeyObject } from 'node:crypto';
import type { errors, JWTPayload, JWTVerifyGetKey } from 'jose';
import type { JwksConfig } from '../config/jwks.config.js';
import { loadJose } from '../shared/jose.js';
import { KeySet, type Keys, type KeySetStatus } from './key-set.js';
import { isRecent, type SignatureHeaders } from './signature-headers.js';
import { StaleToken } from './stale-token.js';

/** Content of a verified token, which signs its claims, not the request's body or headers. */
export interface VerifiedToken {
  readonly claims: JWTPayload;
  /** Replaces the `webhook-id`, which the token does not cover. */
  readonly messageId: string;
  readonly issuedAt: Date | undefined;
}

const JWT_ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];

/** Verifies signatures of dynamic webhooks: `v1a` entries as observed live, JWTs as documented. */
export class JwksStrategy {
  readonly #config: JwksConfig;
  readonly #keySet: KeySet;
  readonly #toleranceSeconds: number;
  #lastVerified: KeyObject | undefined;

  constructor(config: JwksConfig, toleranceSeconds: number, keySet = new KeySet(config)) {
    this.#config = config;
    this.#toleranceSeconds = toleranceSeconds;
    this.#keySet = keySet;
  }

  /** Returns the state of the keys. Fetches keys that are older than `maxAgeMs` first, bounded in rate and time. */
  keySetStatus(maxAgeMs?: number): Promise<KeySetStatus> {
    return this.#keySet.status(maxAgeMs);
  }

  /**
   * Returns true if one of the Ed25519 keys made one of the `v1a` entries. A signature does not name its key, so it tries
   * all of them, starting with the last that verified.
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
    const lastVerified = ed25519.find((key) => key === this.#lastVerified);
    const inOrder = lastVerified ? [lastVerified, ...ed25519.filter((key) => key !== lastVerified)] : ed25519;
    const verified = inOrder.find((key) => candidates.some((signature) => verify(null, signed, key, signature)));
    if (verified) this.#lastVerified = verified;
    return verified !== undefined;
  }

  /**
   * Returns the first JWT entry that verifies. Checks `aud` and `iss` if configured; `exp` must not have passed, `iat`
   * must be recent, and one of the two is required.
   *
   * @throws GeminiWebhooksError `keys_unavailable`
   */
  async verifyToken(
    { signatures }: SignatureHeaders,
    nowSeconds: number,
  ): Promise<VerifiedToken | StaleToken | undefined> {
    let stale: StaleToken | undefined;
    for (const token of signatures.jwt) {
      const result = await this.#verifyJwt(token, nowSeconds);
      if (result && !(result instanceof StaleToken)) return result;
      stale ??= result;
    }
    return stale;
  }

  async #verifyJwt(token: string, nowSeconds: number): Promise<VerifiedToken | StaleToken | undefined> {
    // Do not request keys for a malformed token.
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
    const keys = await this.#keySet.keys();
    const result = await this.#verifyWith(keys.ofJwt, token, nowSeconds);
    if (result !== 'unknown key') return result;
    const newer = await this.#keySet.keysAfter(keys);
    const retried = newer && (await this.#verifyWith(newer.ofJwt, token, nowSeconds));
    return retried === 'unknown key' ? undefined : retried;
  }

  async #verifyWith(
    ofJwt: JWTVerifyGetKey,
    token: string,
    nowSeconds: number,
  ): Promise<VerifiedToken | StaleToken | 'unknown key' | undefined> {
    const { errors, jwtVerify } = await loadJose();
    try {
      const { payload } = await jwtVerify(token, ofJwt, {
        algorithms: JWT_ALGORITHMS,
        currentDate: new Date(nowSeconds * 1000),
        ...(this.#config.audience !== undefined && { audience: this.#config.audience }),
        ...(this.#config.issuer !== undefined && { issuer: this.#config.issuer }),
      });
      if (payload.iat === undefined && payload.exp === undefined) return undefined;
      if (payload.iat !== undefined && !isRecent(payload.iat, this.#toleranceSeconds, nowSeconds))
        return new StaleToken(payload, false);
      return {
        claims: payload,
        messageId: typeof payload.jti === 'string' && payload.jti !== '' ? payload.jti : hashOf(token),
        issuedAt: payload.iat === undefined ? undefined : new Date(payload.iat * 1000),
      };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return new StaleToken(error.payload, true);
      if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key';
      if (error instanceof errors.JWKSMultipleMatchingKeys) return this.#verifyWithEach(error, token, nowSeconds);
      return undefined;
    }
  }

  /** Tries each candidate key: a token without `kid` matches several. */
  async #verifyWithEach(
    candidates: errors.JWKSMultipleMatchingKeys,
    token: string,
    nowSeconds: number,
  ): Promise<VerifiedToken | StaleToken | 'unknown key' | undefined> {
    for await (const key of candidates) {
      const result = await this.#verifyWith(async () => key, token, nowSeconds);
      if (result !== undefined) return result;
    }
    return 'unknown key';
  }
}

/** Returns the hash of the encoded claims. */
function hashOf(token: string): string {
  return createHash('sha256')
    .update(token.split('.')[1] ?? '')
    .digest('base64url');
}

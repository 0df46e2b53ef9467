import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { isRecord } from '../events/parse-event.js';
import type { JwksConfig } from '../jwks.config.js';

/** The keys of one fetch, ready to use. */
export interface Keys {
  /** Ed25519 keys, in the order in which they were published. */
  readonly ed25519: readonly KeyObject[];
  /** Finds the key of a JWT by its header. */
  readonly ofJwt: JWTVerifyGetKey;
}

/** At most one request in this time because a signature is of no known key: anyone can send such signatures. */
const UNKNOWN_KEY_COOLDOWN_MS = 30_000;
/** At most one request in this time while requests fail. */
const FAILURE_COOLDOWN_MS = 5_000;
const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 64;

/**
 * Google's public keys: fetched when first needed, refreshed in the background before they expire, served stale while
 * Google is down. Requests are in single flight and bounded in time, size and number.
 */
export class KeySet {
  readonly #config: JwksConfig;
  readonly #now: () => number;
  readonly #fetch: typeof fetch;
  #current: { readonly keys: Keys; readonly fetchedAt: number } | undefined;
  #pending: Promise<Keys> | undefined;
  #unknownKeyAt = -Infinity;
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(
    config: JwksConfig,
    { now = Date.now, fetch = globalThis.fetch }: { now?: () => number; fetch?: typeof globalThis.fetch } = {},
  ) {
    this.#config = config;
    this.#now = now;
    this.#fetch = fetch;
    if (config.keySet !== undefined) this.#current = { keys: givenKeys(config.keySet), fetchedAt: Infinity };
  }

  /** @throws GeminiWebhooksError `keys_unavailable` when there are no keys that may still be used */
  async keys(): Promise<Keys> {
    const current = this.#current;
    const age = current ? this.#now() - current.fetchedAt : Infinity;
    if (current && age < this.#config.cacheMaxAgeMs * 0.8) return current.keys;
    if (current && age < this.#config.cacheMaxAgeMs) {
      this.#refresh().catch(() => undefined);
      return current.keys;
    }
    try {
      return await this.#refresh();
    } catch (cause) {
      if (current && age < this.#config.cacheMaxAgeMs + this.#config.staleIfErrorMs) return current.keys;
      throw new GeminiWebhooksError(
        'keys_unavailable',
        `The key set at ${this.#config.url.href} could not be fetched.`,
        { cause },
      );
    }
  }

  /** Fetches anew because a signature is of none of `known`; `undefined` when there is nothing newer to try. */
  async keysAfter(known: Keys): Promise<Keys | undefined> {
    const current = this.#current?.keys;
    if (current && current !== known) return current;
    if (this.#config.keySet !== undefined) return undefined;
    if (!this.#pending) {
      if (this.#now() - this.#unknownKeyAt < UNKNOWN_KEY_COOLDOWN_MS) return undefined;
      this.#unknownKeyAt = this.#now();
    }
    try {
      const keys = await this.#refresh();
      return keys === known ? undefined : keys;
    } catch {
      return undefined;
    }
  }

  #refresh(): Promise<Keys> {
    if (this.#pending) return this.#pending;
    if (this.#failure && this.#now() - this.#failure.at < FAILURE_COOLDOWN_MS)
      return Promise.reject(this.#failure.error);
    this.#pending = this.#load().then(
      (keys) => {
        this.#failure = undefined;
        this.#current = { keys, fetchedAt: this.#now() };
        return keys;
      },
      (error: unknown) => {
        this.#failure = { error, at: this.#now() };
        throw error;
      },
    );
    return this.#pending.finally(() => (this.#pending = undefined));
  }

  async #load(): Promise<Keys> {
    const response = await this.#fetch(this.#config.url, {
      headers: { accept: 'application/json' },
      // Whoever answers decides what is authentic: only the configured address may.
      redirect: 'error',
      signal: AbortSignal.timeout(this.#config.timeoutMs),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the key set's server answered ${response.status}`);
    }
    return importKeys(JSON.parse(await readText(response)));
  }
}

/** @throws Error when there is no usable key in it */
export function importKeys(keySet: JSONWebKeySet): Keys {
  if (!Array.isArray(keySet?.keys)) throw new Error('the key set has no "keys"');
  const keys = keySet.keys.filter((key) => isRecord(key)).slice(0, MAX_KEYS);
  const ed25519 = keys
    .filter(({ kty, crv, use }) => kty === 'OKP' && crv === 'Ed25519' && (use === undefined || use === 'sig'))
    .map(importEd25519)
    .filter((key) => key !== undefined);
  if (ed25519.length === 0 && !keys.some(({ kty }) => kty === 'RSA' || kty === 'EC'))
    throw new Error('the key set has no usable key');
  return { ed25519, ofJwt: createLocalJWKSet({ keys }) };
}

function givenKeys(keySet: JSONWebKeySet): Keys {
  try {
    return importKeys(keySet);
  } catch (cause) {
    throw new GeminiWebhooksError(
      'invalid_option',
      `GeminiWebhooksModule: jwks.keySet: ${messageOf(cause)}. Give { keys: [{ kty: "OKP", crv: "Ed25519", x: "…" }] }, or leave it out.`,
      { cause },
    );
  }
}

function importEd25519(key: object): KeyObject | undefined {
  try {
    return createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new Error(`the key set is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

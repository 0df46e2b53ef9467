import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { GeminiWebhooksError, messageOf, reasonOf } from '../errors.js';
import { isObject } from '../shared/is-object.js';
import { loadJose } from '../shared/jose.js';
import { lazy } from '../shared/lazy.js';
import { settlesWithin } from '../shared/timeouts.js';
import type { JwksConfig } from '../config/jwks.config.js';

/** Keys of one fetch, imported. */
export interface Keys {
  /** Ed25519 keys in published order. */
  readonly ed25519: readonly KeyObject[];
  /** Selects the key of a JWT by its header. */
  readonly ofJwt: JWTVerifyGetKey;
}

/** State of Google's public keys in this process. */
export interface KeySetStatus {
  /** `none` before the first fetch has succeeded: keys are fetched on first use. `configured` for the option `jwks.keySet`. */
  readonly state: 'fetched' | 'none' | 'configured';
  /** Time since the keys were fetched, in milliseconds. */
  readonly ageMs?: number;
  /** Why the last fetch failed; absent if it succeeded. */
  readonly lastError?: string;
}

/** Minimum time between fetches for a status. */
const STATUS_COOLDOWN_MS = 30_000;
/** Max time that a status waits for a fetch. */
const STATUS_WAIT_MS = 2_000;
/** Minimum time between fetches for signatures of unknown keys, which anyone can send. */
const UNKNOWN_KEY_COOLDOWN_MS = 30_000;
/** Minimum time between fetches while they fail. */
const FAILURE_COOLDOWN_MS = 5_000;
const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 64;

/**
 * Google's public keys: fetched on first use, refreshed in the background before they expire, served stale while Google
 * is down. Makes one request at a time, limited in duration, size and rate.
 */
export class KeySet {
  readonly #config: JwksConfig;
  readonly #now: () => number;
  readonly #fetch: typeof fetch;
  #current: { readonly keys: Keys; readonly fetchedAt: number } | undefined;
  #pending: Promise<Keys> | undefined;
  #unknownKeyAt = -Infinity;
  #fetchedForStatusAt = -Infinity;
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(
    config: JwksConfig,
    { now = Date.now, fetch = globalThis.fetch }: { now?: () => number; fetch?: typeof globalThis.fetch } = {},
  ) {
    this.#config = config;
    this.#now = now;
    this.#fetch = fetch;
    if (config.keySet !== undefined) this.#current = { keys: importConfiguredKeys(config.keySet), fetchedAt: Infinity };
  }

  /** @throws GeminiWebhooksError `keys_unavailable` if no usable keys are left */
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

  /** Returns keys newer than `known`, with which a signature did not verify; `undefined` if there are none. */
  async keysAfter(known: Keys): Promise<Keys | undefined> {
    const current = this.#current?.keys;
    if (current && current !== known) return current;
    if (this.#config.keySet !== undefined) return undefined;
    if (!this.#pending) {
      if (this.#now() - this.#unknownKeyAt < UNKNOWN_KEY_COOLDOWN_MS) return undefined;
      this.#unknownKeyAt = this.#now();
    }
    return this.#refresh().catch(() => undefined);
  }

  /**
   * Returns the state of the keys. Fetches keys that are older than `maxAgeMs` first, at most every 30 s, or joins a fetch that
   * is under way, and waits for them for up to 2 s: a process that verifies few dynamic deliveries would have old keys.
   */
  async status(maxAgeMs = Infinity): Promise<KeySetStatus> {
    if (this.#config.keySet !== undefined) return { state: 'configured' };
    const isOld = this.#now() - (this.#current?.fetchedAt ?? -Infinity) > maxAgeMs;
    if (isOld && !this.#pending && this.#now() - this.#fetchedForStatusAt >= STATUS_COOLDOWN_MS) {
      this.#fetchedForStatusAt = this.#now();
      this.#refresh().catch(() => undefined);
    }
    if (isOld && this.#pending) await settlesWithin(this.#pending, STATUS_WAIT_MS);
    return {
      ...(this.#current
        ? { state: 'fetched', ageMs: Math.max(this.#now() - this.#current.fetchedAt, 0) }
        : { state: 'none' }),
      ...(this.#failure && { lastError: reasonOf(this.#failure.error) }),
    };
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
      // The server that returns the keys decides what is authentic, so do not follow redirects to other servers.
      redirect: 'error',
      signal: AbortSignal.timeout(this.#config.timeoutMs),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the server of the key set returned ${response.status}`);
    }
    return importKeys(parseKeySet(await readText(response)));
  }
}

/** @throws Error if it has no usable key */
export function importKeys(keySet: JSONWebKeySet): Keys {
  if (!Array.isArray(keySet?.keys)) throw new Error('the key set has no "keys"');
  const keys = keySet.keys.filter((key) => isObject(key)).slice(0, MAX_KEYS);
  const ed25519 = keys
    .filter(({ kty, crv, use }) => kty === 'OKP' && crv === 'Ed25519' && (use === undefined || use === 'sig'))
    .map(importEd25519)
    .filter((key) => key !== undefined);
  if (ed25519.length === 0 && !keys.some(({ kty }) => kty === 'RSA' || kty === 'EC'))
    throw new Error('the key set has no usable key');
  const local = lazy(async () => (await loadJose()).createLocalJWKSet({ keys }));
  return { ed25519, ofJwt: async (header, token) => (await local())(header, token) };
}

function importConfiguredKeys(keySet: JSONWebKeySet): Keys {
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

/** Parses a response. JSON.parse would quote it in its error. */
function parseKeySet(text: string): JSONWebKeySet {
  try {
    return JSON.parse(text) as JSONWebKeySet;
  } catch {
    throw new Error('the key set is not JSON');
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

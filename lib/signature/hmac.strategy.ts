import { timingSafeEqual } from 'node:crypto';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import { checkSecret, secretKey } from '../shared/signing-secret.js';
import { withTimeout } from '../shared/timeouts.js';
import { HmacKey } from './hmac-key.js';
import type { LiveSecrets } from './live-secrets.js';
import type { SignatureHeaders } from './signature-headers.js';

/** Timeout of a `secrets(params)` function. */
const SECRETS_TIMEOUT_MS = 2_000;

/** Verifies `v1` entries, which sign static webhooks with the secret of the webhook. */
export class HmacStrategy {
  readonly #keys: readonly HmacKey[];
  readonly #secretsOf: SecretsResolver | undefined;
  readonly #live: LiveSecrets | undefined;

  constructor({ secrets }: HmacConfig, live?: LiveSecrets) {
    this.#live = live;
    this.#secretsOf = typeof secrets === 'function' ? secrets : undefined;
    this.#keys = typeof secrets === 'function' ? [] : secrets.map(decode);
  }

  /**
   * Returns true if one of the secrets made one of the entries. Returns a promise only if secrets must be loaded: always
   * returning one costs 1.7 µs per delivery, about 8 % of the guard's time.
   *
   * @throws GeminiWebhooksError `keys_unavailable` if not all secrets could be loaded
   */
  verify(
    headers: SignatureHeaders,
    body: Buffer,
    params: Readonly<Record<string, string>>,
  ): boolean | Promise<boolean> {
    // Loading secrets may be slow or fail, which must not affect deliveries without a `v1` entry.
    if (headers.signatures.v1.length === 0) return false;
    if (verifyHmac(this.#keys, headers, body)) return true;
    const live = this.#live?.isUsed ? this.#live : undefined;
    if (live && verifyHmac(live.keys(), headers, body)) return true;
    return this.#secretsOf || live ? this.#verifyWithLoadedSecrets(headers, body, params, live) : false;
  }

  async #verifyWithLoadedSecrets(
    headers: SignatureHeaders,
    body: Buffer,
    params: Readonly<Record<string, string>>,
    live: LiveSecrets | undefined,
  ): Promise<boolean> {
    if (this.#secretsOf && verifyHmac(await resolveKeys(this.#secretsOf, params), headers, body)) return true;
    if (!live) return false;
    const { keys, doubt } = await live.newest();
    if (verifyHmac(keys, headers, body)) return true;
    if (doubt === undefined) return false;
    throw new GeminiWebhooksError('keys_unavailable', doubt);
  }
}

type HmacConfig = Exclude<GeminiWebhooksConfig['hmac'], false>;
type SecretsResolver = Exclude<HmacConfig['secrets'], readonly string[]>;

/**
 * Signs `<webhook-id>.<webhook-timestamp>.<body>` with each key and compares with each signature in constant time, so
 * that the duration does not reveal how close a key or entry was.
 */
export function verifyHmac(
  keys: readonly HmacKey[],
  { id, timestamp, signatures }: Pick<SignatureHeaders, 'id' | 'timestamp' | 'signatures'>,
  body: Buffer,
): boolean {
  let verified = false;
  for (const key of keys) {
    // A buffer from the digest itself would allocate its own memory, which costs a quarter of the total.
    const expected = Buffer.from(key.digest(`${id}.${timestamp}.`, body), 'binary');
    for (const signature of signatures.v1) {
      if (timingSafeEqual(expected, signature)) verified = true;
    }
  }
  return verified;
}

async function resolveKeys(
  secretsOf: SecretsResolver,
  params: Readonly<Record<string, string>>,
): Promise<readonly HmacKey[]> {
  try {
    const loading = Promise.resolve(secretsOf(params));
    const secrets = await withTimeout(loading, SECRETS_TIMEOUT_MS, 'hmac.secrets(params) took too long');
    return (typeof secrets === 'string' ? [secrets] : (secrets ?? [])).map(decode);
  } catch (cause) {
    throw new GeminiWebhooksError('keys_unavailable', 'hmac.secrets(params) gave no usable secrets.', { cause });
  }
}

function decode(secret: string): HmacKey {
  const key = secretKey(secret);
  if (!key) throw new GeminiWebhooksError('invalid_option', `A signing secret ${checkSecret(secret)}.`);
  return new HmacKey(key);
}

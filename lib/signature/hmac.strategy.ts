import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiWebhooksConfig } from '../gemini-webhooks.config.js';
import { secretKey } from '../secret.js';
import { withTimeout } from '../with-timeout.js';
import type { LiveSecrets } from './live-secrets.js';
import type { SignatureHeaders } from './signature-headers.js';

/** How long a `secrets(params)` function may take. */
const SECRETS_TIMEOUT_MS = 2_000;

/** Verifies `v1` entries: static webhooks, signed with a secret of the endpoint. */
export class HmacStrategy {
  readonly #keys: readonly KeyObject[];
  readonly #secretsOf: Exclude<HmacConfig['secrets'], readonly string[]> | undefined;
  readonly #live: LiveSecrets | undefined;

  constructor({ secrets }: HmacConfig, live?: LiveSecrets) {
    this.#live = live;
    this.#secretsOf = typeof secrets === 'function' ? secrets : undefined;
    this.#keys = typeof secrets === 'function' ? [] : secrets.map(decode);
  }

  /**
   * Whether one of the entries is of one of the secrets.
   *
   * @throws GeminiWebhooksError `keys_unavailable` when the secrets could not be found out, or not all of them
   */
  verify(
    headers: SignatureHeaders,
    body: Buffer,
    params: Readonly<Record<string, string>>,
  ): boolean | Promise<boolean> {
    // The lookup may be slow or down, which must not hold up what is not signed with a secret.
    if (headers.signatures.v1.length === 0) return false;
    if (verifyHmac(this.#keys, headers, body)) return true;
    const live = this.#live?.isUsed ? this.#live : undefined;
    if (live && verifyHmac(live.keys(), headers, body)) return true;
    return this.#secretsOf || live ? this.#verifyByLookup(headers, body, params, live) : false;
  }

  async #verifyByLookup(
    headers: SignatureHeaders,
    body: Buffer,
    params: Readonly<Record<string, string>>,
    live: LiveSecrets | undefined,
  ): Promise<boolean> {
    if (this.#secretsOf && verifyHmac(await this.#resolveKeys(params), headers, body)) return true;
    if (!live) return false;
    const { keys, doubt } = await live.newest();
    if (verifyHmac(keys, headers, body)) return true;
    if (doubt === undefined) return false;
    throw new GeminiWebhooksError('keys_unavailable', doubt);
  }

  async #resolveKeys(params: Readonly<Record<string, string>>): Promise<readonly KeyObject[]> {
    try {
      const secrets = await withTimeout(
        Promise.resolve(this.#secretsOf?.(params)),
        SECRETS_TIMEOUT_MS,
        'hmac.secrets(params) took too long',
      );
      return (typeof secrets === 'string' ? [secrets] : (secrets ?? [])).map(decode);
    } catch (cause) {
      throw new GeminiWebhooksError('keys_unavailable', 'hmac.secrets(params) gave no usable secrets.', { cause });
    }
  }
}

type HmacConfig = Exclude<GeminiWebhooksConfig['hmac'], false>;

/**
 * Signs `<webhook-id>.<webhook-timestamp>.<body>` with each key and compares with each signature, in constant time:
 * how long it takes does not tell which key or which entry was close.
 */
export function verifyHmac(
  keys: readonly KeyObject[],
  { id, timestamp, signatures }: Pick<SignatureHeaders, 'id' | 'timestamp' | 'signatures'>,
  body: Buffer,
): boolean {
  let verified = false;
  for (const key of keys) {
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
    // As text first: a buffer that `digest` makes has memory of its own, which costs a quarter of the whole.
    const expected = Buffer.from(mac.digest('binary'), 'binary');
    for (const signature of signatures.v1) {
      if (timingSafeEqual(expected, signature)) verified = true;
    }
  }
  return verified;
}

function decode(secret: string): KeyObject {
  const key = secretKey(secret);
  if (!key) throw new GeminiWebhooksError('invalid_option', 'A signing secret is not base64.');
  return createSecretKey(key);
}

import { generateKeyPair, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { signJwt, signV1a, type SignedContent } from './delivery-signer.js';

/** Number of Ed25519 keys that Google publishes (live, googleapis/python-genai#2927). */
const ED25519_KEYS = 3;
const RSA_KEYS = 2;

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Signing keys of dynamic deliveries: Ed25519 for `v1a`, RSA for JWTs. */
export class GoogleKeys {
  #ed25519 = newEd25519Keys();
  #rsa: Promise<readonly SigningKey[]> | undefined;
  #signatures = 0;

  /** Content of `/.well-known/jwks.json`. */
  async jwks(): Promise<{ readonly keys: readonly object[] }> {
    const published = (key: SigningKey, alg: string) => ({
      ...key.publicKey.export({ format: 'jwk' }),
      kid: key.kid,
      use: 'sig',
      alg,
    });
    return {
      keys: [
        ...this.#ed25519.map((key) => published(key, 'EdDSA')),
        ...(await this.#rsaKeys()).map((key) => published(key, 'RS256')),
      ],
    };
  }

  /** Signs with the Ed25519 keys in turn. */
  v1a(content: SignedContent): string {
    return signV1a(this.#next(this.#ed25519).privateKey, content);
  }

  /** Signs with the RSA keys in turn. */
  async jwt(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const { kid, privateKey } = this.#next(await this.#rsaKeys());
    return signJwt(privateKey, kid, claims);
  }

  /** Replaces all keys. Earlier signatures no longer verify. */
  rotate(): void {
    this.#ed25519 = newEd25519Keys();
    this.#rsa = undefined;
  }

  #next(keys: readonly SigningKey[]): SigningKey {
    this.#signatures += 1;
    return keys[this.#signatures % keys.length]!;
  }

  /** Generates the RSA keys on first use: generation is slow, and few tests need them. */
  #rsaKeys(): Promise<readonly SigningKey[]> {
    return (this.#rsa ??= Promise.all(Array.from({ length: RSA_KEYS }, newRsaKey)));
  }
}

function newEd25519Keys(): readonly SigningKey[] {
  return Array.from({ length: ED25519_KEYS }, () => ({ kid: randomUUID(), ...generateKeyPairSync('ed25519') }));
}

async function newRsaKey(): Promise<SigningKey> {
  return { kid: randomUUID(), ...(await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })) };
}

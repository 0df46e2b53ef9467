import { generateKeyPair, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { signJwt, signV1a, type SignedContent } from './delivery-signer.js';

/** How many Ed25519 keys Google publishes (live, googleapis/python-genai#2927). */
const ED25519_KEYS = 3;
const RSA_KEYS = 2;

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The keys that dynamic deliveries are signed with: Ed25519 ones for `v1a`, RSA ones for JWTs. */
export class GoogleKeys {
  #ed25519 = newEd25519Keys();
  #rsa: Promise<readonly SigningKey[]> | undefined;
  #signatures = 0;

  /** What stands at `/.well-known/jwks.json`. */
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

  /** Signs with one Ed25519 key after the other. */
  v1a(content: SignedContent): string {
    return signV1a(this.#next(this.#ed25519).privateKey, content);
  }

  /** Signs with one RSA key after the other. */
  async jwt(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const { kid, privateKey } = this.#next(await this.#rsaKeys());
    return signJwt(privateKey, kid, claims);
  }

  /** Replaces all keys. What was signed before verifies no longer. */
  rotate(): void {
    this.#ed25519 = newEd25519Keys();
    this.#rsa = undefined;
  }

  #next(keys: readonly SigningKey[]): SigningKey {
    this.#signatures += 1;
    return keys[this.#signatures % keys.length]!;
  }

  /** Made when they are first asked for: they take a while, and few need them. */
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

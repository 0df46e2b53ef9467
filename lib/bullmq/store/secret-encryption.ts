import { hkdfSync } from 'node:crypto';
import type { SigningSecret } from '../../static-webhooks/signing-secret-store.js';
import { GeminiWebhooksError } from '../../errors.js';
import { loadJose } from '../../shared/jose.js';

const PURPOSE = 'nestjs-gemini-webhooks/signing-secrets';
const DECRYPTION = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };

/** Identifies a static webhook's secrets. Encrypted together with them, so that they cannot be swapped for another webhook's. */
export interface SecretScope {
  readonly registration: string;
  readonly endpoint: string;
}

interface PlainSecrets extends SecretScope {
  readonly secrets: SigningSecret[];
}

/** Encrypts signing secrets as a JWE that only this deployment can decrypt. */
export class SecretEncryption {
  readonly #keys: readonly [Uint8Array, ...Uint8Array[]];

  /** @param keys the first one encrypts, all of them decrypt */
  constructor(keys: readonly [string, ...string[]]) {
    const [first, ...others] = keys;
    this.#keys = [deriveKey(first), ...others.map(deriveKey)];
  }

  async encrypt({ registration, endpoint }: SecretScope, secrets: readonly SigningSecret[]): Promise<string> {
    const { CompactEncrypt } = await loadJose();
    const content = new TextEncoder().encode(JSON.stringify({ registration, endpoint, secrets }));
    return new CompactEncrypt(content).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(this.#keys[0]);
  }

  /** @throws GeminiWebhooksError `invalid_option` if the secrets were encrypted with another key or for another webhook */
  async decrypt(scope: SecretScope, encrypted: string): Promise<SigningSecret[]> {
    for (const key of this.#keys) {
      const content = await decryptWith(encrypted, key, scope);
      if (!content) continue;
      if (content.registration === scope.registration && content.endpoint === scope.endpoint) return content.secrets;
      throw unreadable(scope, `They were saved for "${content.endpoint}" of "${content.registration}".`);
    }
    throw unreadable(
      scope,
      'They were encrypted with a key that this process does not have: binding.secret (GEMINI_WEBHOOK_BINDING_SECRET) or, ' +
        'without one, the Gemini API key has changed. List the old key after the new one in binding.secret, or ' +
        "rotate the webhook's secret.",
    );
  }
}

function deriveKey(key: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', PURPOSE, 32));
}

/** Resolves with `undefined` if the secrets were encrypted with another key. */
async function decryptWith(encrypted: string, key: Uint8Array, scope: SecretScope): Promise<PlainSecrets | undefined> {
  const { compactDecrypt, errors } = await loadJose();
  try {
    const { plaintext } = await compactDecrypt(encrypted, key, DECRYPTION);
    return JSON.parse(new TextDecoder().decode(plaintext)) as PlainSecrets;
  } catch (error) {
    if (error instanceof errors.JWEDecryptionFailed) return undefined;
    // Without the cause, which may quote the stored text.
    throw unreadable(scope, 'The stored value is damaged or was not written by this module.');
  }
}

function unreadable({ endpoint }: SecretScope, reason: string): GeminiWebhooksError {
  return new GeminiWebhooksError(
    'invalid_option',
    `bullmqSecretStore: the signing secrets of "${endpoint}" cannot be read. ${reason}`,
  );
}

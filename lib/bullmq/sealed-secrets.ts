import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import { hkdfSync } from 'node:crypto';
import type { SigningSecret } from '../endpoints/signing-secret-store.js';
import { GeminiWebhooksError } from '../errors.js';

const PURPOSE = 'nestjs-gemini-webhooks/signing-secrets';
const DECRYPTION = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };

/** Which secrets. It is sealed with them, so that what is kept of one endpoint cannot be put in place of another's. */
export interface SealedFor {
  readonly registration: string;
  readonly endpoint: string;
}

interface SealedContent extends SealedFor {
  readonly secrets: SigningSecret[];
}

/** Signing secrets as a store may see them: a JWE that only this deployment can read. */
export class SealedSecrets {
  readonly #keys: readonly [Uint8Array, ...Uint8Array[]];

  /** @param keys the first seals, all open */
  constructor(keys: readonly [string, ...string[]]) {
    const [first, ...others] = keys;
    this.#keys = [derived(first), ...others.map(derived)];
  }

  seal({ registration, endpoint }: SealedFor, secrets: readonly SigningSecret[]): Promise<string> {
    const content = new TextEncoder().encode(JSON.stringify({ registration, endpoint, secrets }));
    return new CompactEncrypt(content).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(this.#keys[0]);
  }

  /** @throws GeminiWebhooksError `invalid_option` when it was sealed with another key, or for another endpoint */
  async open(what: SealedFor, sealed: string): Promise<SigningSecret[]> {
    for (const key of this.#keys) {
      const content = await contentOf(sealed, key, what);
      if (!content) continue;
      if (content.registration === what.registration && content.endpoint === what.endpoint) return content.secrets;
      throw unreadable(what, `They were kept for "${content.endpoint}" of "${content.registration}".`);
    }
    throw unreadable(
      what,
      'They were encrypted with a key that this process does not have: binding.secret (GEMINI_WEBHOOK_BINDING_SECRET) or, ' +
        'without one, the Gemini API key has changed. Put the old one back behind the new one in binding.secret, or ' +
        "rotate the webhook's secret.",
    );
  }
}

function derived(key: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', PURPOSE, 32));
}

/** Nothing when it was sealed with another key. */
async function contentOf(sealed: string, key: Uint8Array, what: SealedFor): Promise<SealedContent | undefined> {
  try {
    const { plaintext } = await compactDecrypt(sealed, key, DECRYPTION);
    return JSON.parse(new TextDecoder().decode(plaintext)) as SealedContent;
  } catch (error) {
    if (error instanceof errors.JWEDecryptionFailed) return undefined;
    // Without the cause, which may quote what it could not read.
    throw unreadable(what, 'What is kept is damaged, or is not of this module.');
  }
}

function unreadable({ endpoint }: SealedFor, why: string): GeminiWebhooksError {
  return new GeminiWebhooksError(
    'invalid_option',
    `bullmqSecretStore: the signing secrets of "${endpoint}" cannot be read. ${why}`,
  );
}

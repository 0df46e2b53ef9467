import type { SigningSecret, SigningSecretStore } from '../../static-webhooks/signing-secret-store.js';

/** In-memory store that prints the secret of one webhook as soon as it is saved. */
export class PrintedSecrets implements SigningSecretStore {
  readonly #endpoint: string;
  readonly #show: (secret: string) => void;
  readonly #secrets = new Map<string, SigningSecret[]>();

  /** @param endpoint name of the webhook: secrets under other names belong to unfinished changes */
  constructor(endpoint: string, show: (secret: string) => void) {
    this.#endpoint = endpoint;
    this.#show = show;
  }

  async load(endpoint: string): Promise<SigningSecret[]> {
    return this.#secrets.get(endpoint) ?? [];
  }

  async save(endpoint: string, secrets: SigningSecret[]): Promise<void> {
    this.#secrets.set(endpoint, secrets);
    const [newest] = secrets;
    if (endpoint === this.#endpoint && newest) this.#show(newest.value);
  }
}

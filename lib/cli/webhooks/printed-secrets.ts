import type { SigningSecret, SigningSecretStore } from '../../endpoints/signing-secret-store.js';

/** Shows the secret of one endpoint as soon as it is there, and keeps all for as long as the command runs. */
export class PrintedSecrets implements SigningSecretStore {
  readonly #endpoint: string;
  readonly #show: (secret: string) => void;
  readonly #kept = new Map<string, SigningSecret[]>();

  /** @param endpoint the webhook's name: what is kept under others is unfinished */
  constructor(endpoint: string, show: (secret: string) => void) {
    this.#endpoint = endpoint;
    this.#show = show;
  }

  async load(endpoint: string): Promise<SigningSecret[]> {
    return this.#kept.get(endpoint) ?? [];
  }

  async save(endpoint: string, secrets: SigningSecret[]): Promise<void> {
    this.#kept.set(endpoint, secrets);
    const [newest] = secrets;
    if (endpoint === this.#endpoint && newest) this.#show(newest.value);
  }
}

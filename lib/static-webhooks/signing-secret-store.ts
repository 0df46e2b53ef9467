/** A signing secret of a static webhook, and the time until which Gemini signs with it. */
export interface SigningSecret {
  /** `whsec_…` */
  readonly value: string;
  /** RFC 3339; absent for the current secret. */
  readonly expiresAt?: string | undefined;
}

/**
 * Stores signing secrets. Gemini shows each one only once, so `save` must not resolve before they are durable. Several
 * processes use one store at the same time.
 */
export interface SigningSecretStore {
  /**
   * Returns the secrets of a static webhook, the newest first; `[]` if there is none.
   *
   * @param webhook the webhook's name
   */
  load(webhook: string): Promise<SigningSecret[]>;
  /** Replaces the stored secrets of a static webhook. Resolves once they are durable. */
  save(webhook: string, secrets: SigningSecret[]): Promise<void>;
  /**
   * Calls back after another process has saved. A hint: the module also loads the secrets every few seconds.
   *
   * @returns a function that stops the watch
   */
  watch?(webhook: string, changed: () => void): Promise<() => void>;
  /**
   * Releases the store's resources. The module closes the stores that it created by a factory: at shutdown, and when no
   * static webhook uses them any more.
   */
  close?(): Promise<void>;
}

/** What the module provides to a store that it creates. */
export interface SigningSecretStoreHost {
  /** Name of the module instance. */
  readonly registration: string;
  /** Keys for encryption: the binding secrets, or the API key. The first encrypts, all decrypt. */
  readonly keys: readonly string[];
  /** URL of the durable inbox's store, from the environment. */
  readonly inboxUrl?: string | undefined;
}

/** Creates a store. `fileSecretStore` and `bullmqSecretStore` return one. */
export type SigningSecretStoreFactory = (host: SigningSecretStoreHost) => SigningSecretStore;

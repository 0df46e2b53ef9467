/** A signing secret of a static webhook, and until when Gemini signs with it. */
export interface SigningSecret {
  /** `whsec_…` */
  readonly value: string;
  /** RFC 3339; absent for the one that is in use until further notice. */
  readonly expiresAt?: string | undefined;
}

/**
 * Where signing secrets are kept. Gemini shows each one once, so `save` must not resolve before they are durable. Several
 * processes use one store at the same time.
 */
export interface SigningSecretStore {
  /**
   * The secrets of a webhook, the newest first; `[]` when there is none.
   *
   * @param endpoint the webhook's name
   */
  load(endpoint: string): Promise<SigningSecret[]>;
  /** Keeps them in place of what was kept. Resolved means durable. */
  save(endpoint: string, secrets: SigningSecret[]): Promise<void>;
  /**
   * Calls back after another process has saved. A hint: what is missed is found by loading every few seconds.
   *
   * @returns what ends it
   */
  watch?(endpoint: string, changed: () => void): Promise<() => void>;
  /** Lets go of what it holds. The module calls it, when the app closes, of a store that it has made by a factory. */
  close?(): Promise<void>;
}

/** What a store that the module makes is given. */
export interface SigningSecretStoreHost {
  /** The registration's name. */
  readonly registration: string;
  /** What a store encrypts with: the binding's secrets, or the API key. The first encrypts, all decrypt. */
  readonly keys: readonly string[];
  /** Where the durable inbox has its store, as the environment says. */
  readonly inboxUrl?: string | undefined;
}

/** Makes a store from what the module knows. `fileSecretStore` and `bullmqSecretStore` return one. */
export type SigningSecretStoreFactory = (host: SigningSecretStoreHost) => SigningSecretStore;

import type { SecretScope } from './secret-encryption.js';

/** Stores encrypted secrets, on Redis or PostgreSQL. Every call is bounded in time. */
export interface EncryptedSecretStore {
  read(scope: SecretScope): Promise<string | undefined>;
  /**
   * Resolves when the server has acknowledged the write, which notifies watchers.
   *
   * @param encrypted `undefined` removes the secrets
   */
  write(scope: SecretScope, encrypted: string | undefined): Promise<void>;
  /** Resolves when it receives notifications, or when the server is unavailable: then they start after it is back. */
  watch(scope: SecretScope, changed: () => void): Promise<() => void>;
  /** Closes the connections that it opened. */
  close(): Promise<void>;
}

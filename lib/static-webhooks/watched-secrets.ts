import { messageOf } from '../errors.js';
import { HmacKey } from '../signature/hmac-key.js';
import { secretKey } from '../shared/signing-secret.js';
import { withTimeout } from '../shared/timeouts.js';
import { expiryOf, type RotationStore } from './rotation-store.js';
import type { SigningSecret } from './signing-secret-store.js';

const LOAD_TIMEOUT_MS = 2_000;

interface LoadedKey {
  readonly key: HmacKey;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** One static webhook's secrets, as this process has loaded them. */
export class WatchedSecrets {
  readonly store: RotationStore;
  #loaded: readonly LoadedKey[] = [];
  #rotatingUntil = 0;
  #failure: unknown;
  /** Counts this process's own changes: a load that began before one is outdated. */
  #generation = 0;

  constructor(store: RotationStore) {
    this.store = store;
  }

  /** Returns the keys that are valid now. */
  keys(): readonly HmacKey[] {
    const now = Date.now();
    return this.#loaded.filter(({ expiresAt }) => expiresAt > now).map(({ key }) => key);
  }

  /** Returns why a signature that matches no key may still be valid; `undefined` if it cannot be. */
  doubt(): string | undefined {
    const { name } = this.store;
    if (this.#rotatingUntil > Date.now()) return `The secret of the static webhook "${name}" is being rotated.`;
    if (this.#failure !== undefined) {
      return `The secrets of the static webhook "${name}" could not be loaded: ${messageOf(this.#failure)}`;
    }
    return this.keys().length === 0 ? `No secret of the static webhook "${name}" is known.` : undefined;
  }

  /** Uses the secrets that this process has just saved. */
  apply(secrets: readonly SigningSecret[]): void {
    this.#generation += 1;
    this.#rotatingUntil = 0;
    this.#failure = undefined;
    this.#loaded = decoded(secrets);
  }

  /** Records that this process has begun a rotation. */
  rotating(until: number): void {
    this.#generation += 1;
    this.#rotatingUntil = until;
  }

  /** Loads the stored secrets. If that fails, the loaded ones stay in use. */
  async load(): Promise<void> {
    const generation = this.#generation;
    try {
      const { rotatingUntil, keys } = await withTimeout(this.#read(), LOAD_TIMEOUT_MS, 'Loading took too long');
      if (generation !== this.#generation) return;
      this.#rotatingUntil = rotatingUntil;
      this.#loaded = keys;
      this.#failure = undefined;
    } catch (error) {
      if (generation === this.#generation) this.#failure = error;
    }
  }

  async #read(): Promise<{ readonly rotatingUntil: number; readonly keys: readonly LoadedKey[] }> {
    // In this order: a rotation whose record is gone has saved the secrets that are loaded next.
    const rotation = await this.store.rotation();
    return { rotatingUntil: rotation?.until ?? 0, keys: decoded(await this.store.secrets()) };
  }
}

function decoded(secrets: readonly SigningSecret[]): readonly LoadedKey[] {
  return secrets.flatMap((secret) => {
    const bytes = secretKey(secret.value);
    return bytes ? [{ key: new HmacKey(bytes), expiresAt: expiryOf(secret) }] : [];
  });
}

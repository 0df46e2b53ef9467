import { createSecretKey, type KeyObject } from 'node:crypto';
import { messageOf } from '../errors.js';
import { secretKey } from '../secret.js';
import { withTimeout } from '../with-timeout.js';
import { expiryOf, type EndpointStore } from './endpoint-store.js';
import type { SigningSecret } from './signing-secret-store.js';

const LOAD_TIMEOUT_MS = 2_000;

interface KnownKey {
  readonly key: KeyObject;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** What this process knows of one endpoint's secrets. */
export class FollowedEndpoint {
  readonly store: EndpointStore;
  #known: readonly KnownKey[] = [];
  #rotatingUntil = 0;
  #failure: unknown;
  /** Counts what this process itself has saved: a load that was under way then is out of date. */
  #generation = 0;

  constructor(store: EndpointStore) {
    this.store = store;
  }

  /** Those that are valid now. */
  keys(): readonly KeyObject[] {
    const now = Date.now();
    return this.#known.filter(({ expiresAt }) => expiresAt > now).map(({ key }) => key);
  }

  /** Why a signature of none of its keys may be valid all the same. */
  doubt(): string | undefined {
    const { name } = this.store;
    if (this.#rotatingUntil > Date.now()) return `The secret of the endpoint "${name}" is being rotated.`;
    if (this.#failure !== undefined) {
      return `The secrets of the endpoint "${name}" could not be loaded: ${messageOf(this.#failure)}`;
    }
    return this.keys().length === 0 ? `No secret of the endpoint "${name}" is known.` : undefined;
  }

  /** What this process has just saved. */
  apply(secrets: readonly SigningSecret[]): void {
    this.#generation += 1;
    this.#rotatingUntil = 0;
    this.#failure = undefined;
    this.#known = decoded(secrets);
  }

  /** This process has begun a rotation. */
  rotating(until: number): void {
    this.#generation += 1;
    this.#rotatingUntil = until;
  }

  /** Loads what the store has. When that fails, what is known stays. */
  async load(): Promise<void> {
    const generation = this.#generation;
    try {
      const { rotatingUntil, known } = await withTimeout(this.#read(), LOAD_TIMEOUT_MS, 'Loading took too long');
      if (generation !== this.#generation) return;
      this.#rotatingUntil = rotatingUntil;
      this.#known = known;
      this.#failure = undefined;
    } catch (error) {
      if (generation === this.#generation) this.#failure = error;
    }
  }

  async #read(): Promise<{ readonly rotatingUntil: number; readonly known: readonly KnownKey[] }> {
    // In this order: a rotation that is not recorded any more has saved what is loaded next.
    const rotation = await this.store.rotation();
    return { rotatingUntil: rotation?.until ?? 0, known: decoded(await this.store.secrets()) };
  }
}

function decoded(secrets: readonly SigningSecret[]): readonly KnownKey[] {
  return secrets.flatMap((secret) => {
    const bytes = secretKey(secret.value);
    return bytes ? [{ key: createSecretKey(bytes), expiresAt: expiryOf(secret) }] : [];
  });
}

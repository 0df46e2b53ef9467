import { Logger } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import { describe } from '../shared/check-object.js';
import { hasMethods } from '../shared/is-object.js';
import { closeStore } from './close-store.js';
import { RotationStore } from './rotation-store.js';
import type { SigningSecretStore, SigningSecretStoreFactory, SigningSecretStoreHost } from './signing-secret-store.js';

const ADVICE = 'Give fileSecretStore(path), bullmqSecretStore(), or your own SigningSecretStore.';

/** The stores that this process uses for the secrets of its static webhooks. */
export class SecretStores {
  readonly #host: SigningSecretStoreHost;
  readonly #created = new Map<SigningSecretStoreFactory, SigningSecretStore>();
  /** By the webhook's name. */
  readonly #stores = new Map<string, RotationStore>();
  readonly #logger = new Logger('GeminiWebhooks');
  #calls = 0;

  /** @param host passed to factories */
  constructor(host: SigningSecretStoreHost) {
    this.#host = host;
  }

  /** Returns the store that was last used for a webhook. */
  get(name: string): RotationStore | undefined {
    return this.#stores.get(name);
  }

  /**
   * Returns the given store, or the one that the factory creates the first time.
   *
   * @param where what it was given to
   * @throws GeminiWebhooksError `invalid_argument` for what is not a store
   */
  open(where: string, given: SigningSecretStore | SigningSecretStoreFactory): SigningSecretStore {
    if (typeof given !== 'function') return checked(where, given);
    const store = this.#created.get(given) ?? checked(where, given(this.#host));
    this.#created.set(given, store);
    return store;
  }

  /** Uses a store for a webhook from now on. */
  use(name: string, store: SigningSecretStore): RotationStore {
    const known = this.get(name);
    const used = known?.uses(store) ? known : new RotationStore(name, store);
    this.#stores.set(name, used);
    return used;
  }

  /** Uses no store for a webhook any more. */
  forget(name: string): void {
    this.#stores.delete(name);
  }

  /** Runs a call that opens and uses stores. After the last running one, created stores that no webhook uses are closed. */
  async during<Result>(call: () => Promise<Result>): Promise<Result> {
    this.#calls += 1;
    try {
      return await call();
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) await this.#closeUnless((store) => this.#isUsed(store));
    }
  }

  /** Closes the stores that were created by a factory. */
  async close(): Promise<void> {
    await this.#closeUnless(() => false);
  }

  #isUsed(store: SigningSecretStore): boolean {
    return [...this.#stores.values()].some((used) => used.uses(store));
  }

  async #closeUnless(keeps: (store: SigningSecretStore) => boolean): Promise<void> {
    const closing = [...this.#created].filter(([, store]) => !keeps(store));
    for (const [factory] of closing) this.#created.delete(factory);
    await Promise.all(closing.map(([, store]) => closeStore(store, this.#logger)));
  }
}

function checked(where: string, store: SigningSecretStore): SigningSecretStore {
  if (hasMethods(store, 'load', 'save')) return store;
  throw new GeminiWebhooksError('invalid_argument', `${where}: secretStore: got ${describe(store)}. ${ADVICE}`);
}

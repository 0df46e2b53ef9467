import { Logger, type OnModuleDestroy } from '@nestjs/common';
import type { KeyObject } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import type { LiveSecrets, NewestSecrets } from '../signature/live-secrets.js';
import { settlesWithin } from '../with-timeout.js';
import type { EndpointStore } from './endpoint-store.js';
import { FollowedEndpoint } from './followed-endpoint.js';
import type { SigningSecret } from './signing-secret-store.js';

/** How often all is loaded, whether or not anybody said that it has changed. */
const RELOAD_EVERY_MS = 5_000;
const LEAST_BETWEEN_LOADS_MS = 1_000;
const LONGEST_WAIT_MS = 2_000;

/** Each holds a delivery in memory. */
const MOST_WAITING = 1_000;

/** The secrets of the endpoints that a registration follows, as new as their stores are. */
export class EndpointSecrets implements LiveSecrets, OnModuleDestroy {
  readonly #followed = new Map<string, FollowedEndpoint>();
  readonly #watches = new Map<string, Promise<(() => void) | undefined>>();
  readonly #logger = new Logger('GeminiWebhooks');
  #timer: NodeJS.Timeout | undefined;
  #waiting = 0;
  #startedAt = -Infinity;
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #isClosed = false;

  get isUsed(): boolean {
    return this.#followed.size > 0;
  }

  keys(): readonly KeyObject[] {
    return [...this.#followed.values()].flatMap((endpoint) => endpoint.keys());
  }

  async newest(): Promise<NewestSecrets> {
    if (this.#waiting >= MOST_WAITING) return { keys: [], doubt: 'Too many deliveries wait for secrets to be loaded.' };
    this.#waiting += 1;
    try {
      const isLoaded = await settlesWithin(this.reload(), LONGEST_WAIT_MS);
      return { keys: this.keys(), doubt: isLoaded ? this.#doubt() : 'The secrets of an endpoint take long to load.' };
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Verifies with what the store has of that endpoint, from now on. */
  follow(store: EndpointStore): void {
    if (this.#isClosed || this.#followed.get(store.name)?.store === store) return;
    void this.#watches.get(store.name)?.then((unwatch) => unwatch?.());
    this.#followed.set(store.name, new FollowedEndpoint(store));
    this.#watches.set(store.name, this.#watch(store));
    this.#timer ??= setInterval(() => void this.reload(), RELOAD_EVERY_MS).unref();
    void this.reload();
  }

  /** This process has saved these. */
  apply(name: string, secrets: readonly SigningSecret[]): void {
    this.#followed.get(name)?.apply(secrets);
  }

  /** This process has begun a rotation, which may take until then. */
  rotating(name: string, until: number): void {
    this.#followed.get(name)?.rotating(until);
  }

  /** A load that begins after this call: one at a time, and at most one a second however many ask. */
  reload(): Promise<void> {
    this.#next ??= this.#loadNext();
    return this.#next;
  }

  async onModuleDestroy(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const unwatch of await Promise.all(this.#watches.values())) unwatch?.();
  }

  async #loadNext(): Promise<void> {
    await this.#current;
    const pauseMs = this.#startedAt + LEAST_BETWEEN_LOADS_MS - Date.now();
    if (pauseMs > 0) await wait(pauseMs, undefined, { ref: false });
    this.#next = undefined;
    if (this.#isClosed) return;
    this.#startedAt = Date.now();
    this.#current = Promise.all([...this.#followed.values()].map((endpoint) => endpoint.load())).then(() => undefined);
    await this.#current;
  }

  #doubt(): string | undefined {
    for (const endpoint of this.#followed.values()) {
      const doubt = endpoint.doubt();
      if (doubt !== undefined) return doubt;
    }
    return undefined;
  }

  async #watch(store: EndpointStore): Promise<(() => void) | undefined> {
    try {
      return await store.watch(() => void this.reload());
    } catch (error) {
      this.#logger.warn(
        `The secrets of the endpoint "${store.name}" cannot be watched and are loaded every ${RELOAD_EVERY_MS / 1000} s: ${messageOf(error)}`,
      );
      return undefined;
    }
  }
}

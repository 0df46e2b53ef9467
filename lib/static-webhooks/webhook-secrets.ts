import { Logger, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import type { HmacKey } from '../signature/hmac-key.js';
import type { LiveSecrets, NewestSecrets } from '../signature/live-secrets.js';
import { settlesWithin } from '../shared/timeouts.js';
import type { RotationStore } from './rotation-store.js';
import type { SigningSecret } from './signing-secret-store.js';
import { stopWatch, type StartedWatch } from './stop-watch.js';
import { WatchedSecrets } from './watched-secrets.js';

/** Interval between reloads, also without a hint that the store has changed. */
const RELOAD_INTERVAL_MS = 5_000;
const MIN_RELOAD_INTERVAL_MS = 1_000;
const MAX_WAIT_MS = 2_000;

/** Each waiting verification keeps a delivery in memory. */
const MAX_WAITING = 1_000;

/** Current secrets of the static webhooks of a module instance. Follows changes in their stores. */
export class StaticWebhookSecrets implements LiveSecrets, OnModuleDestroy {
  readonly #secrets = new Map<string, WatchedSecrets>();
  readonly #watches = new Map<string, StartedWatch>();
  readonly #logger = new Logger('GeminiWebhooks');
  #timer: NodeJS.Timeout | undefined;
  #waiting = 0;
  #startedAt = -Infinity;
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #isClosed = false;

  get isUsed(): boolean {
    return this.#secrets.size > 0;
  }

  keys(): readonly HmacKey[] {
    return [...this.#secrets.values()].flatMap((secrets) => secrets.keys());
  }

  async newest(): Promise<NewestSecrets> {
    if (this.#waiting >= MAX_WAITING)
      return { keys: [], doubt: 'Too many deliveries are waiting for secrets to load.' };
    this.#waiting += 1;
    try {
      const isLoaded = await settlesWithin(this.reload(), MAX_WAIT_MS);
      return {
        keys: this.keys(),
        doubt: isLoaded ? this.#doubt() : 'The secrets of a static webhook take too long to load.',
      };
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Verifies with the store's secrets from now on. */
  follow(store: RotationStore): void {
    const { name } = store;
    if (this.#isClosed || this.#follows(store)) return;
    const replaced = this.#watches.get(name);
    if (replaced) void stopWatch(replaced, this.#logger);
    this.#secrets.set(name, new WatchedSecrets(store));
    this.#watches.set(name, { name, started: this.#watch(store) });
    this.#timer ??= setInterval(() => void this.reload(), RELOAD_INTERVAL_MS).unref();
    void this.reload();
  }

  /** Forgets a webhook that no longer exists: without it, no delivery can be signed with its secrets. */
  async unfollow(name: string): Promise<void> {
    const watch = this.#watches.get(name);
    this.#secrets.delete(name);
    this.#watches.delete(name);
    if (watch) await stopWatch(watch, this.#logger);
  }

  /** Uses the secrets that this process has saved. */
  apply(name: string, secrets: readonly SigningSecret[]): void {
    this.#secrets.get(name)?.apply(secrets);
  }

  /** Records that this process has begun a rotation, which should end by that time. */
  rotating(name: string, until: number): void {
    this.#secrets.get(name)?.rotating(until);
  }

  /** Loads all secrets after this call. Loads run one at a time and at most once a second, and callers share them. */
  reload(): Promise<void> {
    this.#next ??= this.#loadNext();
    return this.#next;
  }

  async onModuleDestroy(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#watches.values()].map((watch) => stopWatch(watch, this.#logger)));
  }

  async #loadNext(): Promise<void> {
    await this.#current;
    const pauseMs = this.#startedAt + MIN_RELOAD_INTERVAL_MS - Date.now();
    if (pauseMs > 0) await wait(pauseMs, undefined, { ref: false });
    this.#next = undefined;
    if (this.#isClosed) return;
    this.#startedAt = Date.now();
    this.#current = Promise.all([...this.#secrets.values()].map((secrets) => secrets.load())).then(() => undefined);
    await this.#current;
  }

  #follows(store: RotationStore): boolean {
    return this.#secrets.get(store.name)?.store === store;
  }

  #doubt(): string | undefined {
    for (const secrets of this.#secrets.values()) {
      const doubt = secrets.doubt();
      if (doubt !== undefined) return doubt;
    }
    return undefined;
  }

  async #watch(store: RotationStore): Promise<(() => void) | undefined> {
    try {
      return await store.watch(() => void this.reload());
    } catch (error) {
      if (this.#isClosed || !this.#follows(store)) return undefined;
      this.#logger.warn(
        `The secrets of the static webhook "${store.name}" cannot be watched, so they are loaded every ${RELOAD_INTERVAL_MS / 1000} s: ${messageOf(error)}`,
      );
      return undefined;
    }
  }
}

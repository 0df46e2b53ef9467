import { LRUCache } from 'lru-cache';

/**
 * An `LRUCache` that is created with its first entry. It reserves memory for all of its entries at once, which would be most
 * of what an app uses of ours before its first event.
 */
export class BoundedCache<Value extends {}> {
  readonly #options: LRUCache.Options<string, Value, unknown>;
  #cache: LRUCache<string, Value> | undefined;

  constructor(options: LRUCache.Options<string, Value, unknown>) {
    this.#options = options;
  }

  get size(): number {
    return this.#cache?.size ?? 0;
  }

  get(key: string): Value | undefined {
    return this.#cache?.get(key);
  }

  has(key: string): boolean {
    return this.#cache?.has(key) ?? false;
  }

  set(key: string, value: Value): void {
    this.#cache ??= new LRUCache(this.#options);
    this.#cache.set(key, value);
  }

  delete(key: string): void {
    this.#cache?.delete(key);
  }

  /** The values, starting with the one that was used last. */
  values(): Iterable<Value> {
    return this.#cache?.values() ?? [];
  }

  /** Removes the entry that was not used for the longest time. */
  pop(): void {
    this.#cache?.pop();
  }
}

/** Callbacks by key, such as a job id. A function that is added twice is called twice. */
export class Watchers {
  readonly #byKey = new Map<string, Set<() => void>>();

  /** Calls `changed` on each notification of the key until the returned function is called. */
  add(key: string, changed: () => void): () => void {
    // A new function for each watch, because removing one must not remove another with the same callback.
    const watcher = () => changed();
    const watchers = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#byKey.get(key) === watchers) this.#byKey.delete(key);
    };
  }

  notify(key: string): void {
    for (const changed of this.#byKey.get(key) ?? []) changed();
  }

  /** Notifies all keys, because any of them may have changed while notifications were missed. */
  notifyAll(): void {
    for (const key of this.#byKey.keys()) this.notify(key);
  }
}

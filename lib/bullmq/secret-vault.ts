import type { SealedFor } from './sealed-secrets.js';

/** Where sealed secrets are kept: what Redis and PostgreSQL have in common for it. Each call is bounded in time. */
export interface SecretVault {
  read(what: SealedFor): Promise<string | undefined>;
  /**
   * Resolves when the server has acknowledged it, and tells those that watch.
   *
   * @param sealed `undefined` to keep nothing
   */
  write(what: SealedFor, sealed: string | undefined): Promise<void>;
  /** Resolves when it hears of writes, or when the server is away: then it will once that is back. */
  watch(what: SealedFor, changed: () => void): Promise<() => void>;
  /** Closes what it opened. */
  close(): Promise<void>;
}

/** Who in this process watches what. */
export class SecretWatchers {
  readonly #watchers = new Map<string, Set<() => void>>();

  /** @returns what ends it */
  add(topic: string, changed: () => void): () => void {
    // Of its own, so that ending one of two watches with the same function leaves the other.
    const watcher = () => changed();
    const watchers = this.#watchers.get(topic) ?? new Set();
    this.#watchers.set(topic, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#watchers.get(topic) === watchers) this.#watchers.delete(topic);
    };
  }

  /** Something of this topic was written. */
  tell(topic: string): void {
    for (const changed of this.#watchers.get(topic) ?? []) changed();
  }

  /** Anything may have been written: nobody listened for a while. */
  tellAll(): void {
    for (const topic of this.#watchers.keys()) this.tell(topic);
  }
}

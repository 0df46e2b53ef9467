/** Tracks asynchronous work until it is done. */
export class PendingWork {
  readonly #promises = new Set<Promise<unknown>>();

  track(work: Promise<unknown>): void {
    const tracked = work.finally(() => this.#promises.delete(tracked));
    this.#promises.add(tracked);
  }

  /** Resolves when all work is done, including work that is added meanwhile. Rejects as soon as any work rejects. */
  async idle(): Promise<void> {
    while (this.#promises.size > 0) await Promise.all(this.#promises);
  }
}

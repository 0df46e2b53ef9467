/** Work that has begun and is not done. */
export class Underway {
  readonly #works = new Set<Promise<unknown>>();

  track(work: Promise<unknown>): void {
    const tracked = work.finally(() => this.#works.delete(tracked));
    this.#works.add(tracked);
  }

  /** Resolves when nothing is under way, what came in meanwhile included. Rejects as soon as some work does. */
  async idle(): Promise<void> {
    while (this.#works.size > 0) await Promise.all(this.#works);
  }
}

/** Log that keeps the last entries, up to a limit. */
export class BoundedLog<Entry> {
  readonly #limit: number;
  #entries: Entry[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Drops the oldest tenth at once when full, which is cheaper than one entry at a time. */
  add(entry: Entry): void {
    if (this.#entries.length >= this.#limit) this.#entries = this.#entries.slice(Math.ceil(this.#limit / 10));
    this.#entries.push(entry);
  }
}

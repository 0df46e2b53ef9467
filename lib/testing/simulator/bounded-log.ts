/** The last entries of what never ends. */
export class BoundedLog<Entry> {
  readonly #limit: number;
  #entries: Entry[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** When it is full, the oldest tenth goes at once, which is cheaper than one by one. */
  add(entry: Entry): void {
    if (this.#entries.length >= this.#limit) this.#entries = this.#entries.slice(Math.ceil(this.#limit / 10));
    this.#entries.push(entry);
  }
}

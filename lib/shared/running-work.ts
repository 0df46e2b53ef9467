/** What runs now, by name, such as handlers: for shutdown and for log lines about late answers. */
export class RunningWork {
  /** One entry for each run. */
  readonly #names: string[] = [];
  readonly #waiting = new Set<() => void>();

  /** Call at the start of a run. The returned function ends it. */
  begin(name: string): () => void {
    this.#names.push(name);
    let isRunning = true;
    return () => {
      if (!isRunning) return;
      isRunning = false;
      // From the end: runs that hang are at the front.
      this.#names.splice(this.#names.lastIndexOf(name), 1);
      if (this.size === 0) this.#onIdle();
    };
  }

  /** Resolves when none runs. */
  async idle(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #onIdle(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Number of runs. */
  get size(): number {
    return this.#names.length;
  }

  /** Distinct names. */
  get names(): readonly string[] {
    return [...new Set(this.#names)];
  }
}

/** Returns the end of a log line that handlers still run: `: Orders.publish, Orders.notify`; `''` if none does. */
export function listed(names: readonly string[]): string {
  return names.length === 0 ? '' : `: ${names.join(', ')}`;
}

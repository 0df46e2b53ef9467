/** Names of the handlers that run now, for log lines about shutdown and late answers. */
export class RunningHandlers {
  /** One entry for each run. */
  readonly #names: string[] = [];

  /** Call when a handler starts. The returned function ends its run. */
  begin(handler: string): () => void {
    this.#names.push(handler);
    let isRunning = true;
    return () => {
      if (!isRunning) return;
      isRunning = false;
      // From the end: runs that hang are at the front.
      this.#names.splice(this.#names.lastIndexOf(handler), 1);
    };
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

/** Aborts its signal after a time without activity. */
export class StallTimeout {
  readonly #controller = new AbortController();
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param ms max time without activity in milliseconds, from now */
  constructor(ms: number) {
    this.#ms = ms;
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Restarts the timeout. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), this.#ms);
  }

  /** Stops the timeout, until `heard()` is called. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Limits the number of concurrent tasks. Waiting tasks run in FIFO order. */
export class Semaphore {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(permits: number) {
    this.#free = permits;
  }

  /** True if a permit can be acquired without waiting. */
  get isFree(): boolean {
    return this.#free > 0;
  }

  /**
   * Waits for a permit and returns a function that releases it. Releasing twice has no effect.
   *
   * @throws the signal's reason if it aborts first
   */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(signal);
    let isHeld = true;
    return () => {
      if (isHeld) this.#release();
      isHeld = false;
    };
  }

  /** Runs the work while holding a permit. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.acquire();
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Passes the permit directly to the next task, so that no other task can acquire it first. */
  #release(): void {
    const [next] = this.#waiting;
    if (!next) this.#free += 1;
    else {
      this.#waiting.delete(next);
      next();
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const proceed = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => {
        this.#waiting.delete(proceed);
        reject(signal?.reason as Error);
      };
      this.#waiting.add(proceed);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

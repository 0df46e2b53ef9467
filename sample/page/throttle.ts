import { Logger } from '@nestjs/common';

/** Does a thing at once, and then at most once in a while, however often it is asked for; the last time counts. */
export class Throttle {
  readonly #everyMs: number;
  readonly #waiting = new Map<string, (() => Promise<void>) | undefined>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #logger = new Logger('Live');
  #isClosed = false;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** @param key what is the same thing */
  run(key: string, work: () => Promise<void>): void {
    if (this.#isClosed) return;
    if (this.#waiting.has(key)) this.#waiting.set(key, work);
    else void this.#do(key, work);
  }

  async #do(key: string, work: () => Promise<void>): Promise<void> {
    this.#waiting.set(key, undefined);
    try {
      await work();
    } catch (error) {
      if (!this.#isClosed) this.#logger.warn(`The page could not be told of ${key}: ${(error as Error).message}`);
    }
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const next = this.#waiting.get(key);
      this.#waiting.delete(key);
      if (next) void this.#do(key, next);
    }, this.#everyMs);
    this.#timers.add(timer);
  }

  /** Nothing is done any more. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

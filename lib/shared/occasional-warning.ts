import type { Logger } from '@nestjs/common';

/** Warning that any client can trigger. Every occurrence is counted, and at most one per minute is logged. */
export class OccasionalWarning {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #everyMs: number;
  readonly #now: () => number;
  #lastAt = -Infinity;
  #count = 0;
  #unlogged = 0;

  constructor(
    logger: Pick<Logger, 'warn'>,
    { everyMs = 60_000, now = Date.now }: { everyMs?: number; now?: () => number } = {},
  ) {
    this.#logger = logger;
    this.#everyMs = everyMs;
    this.#now = now;
  }

  /** Number of occurrences since the start. */
  get count(): number {
    return this.#count;
  }

  warn(message: string): void {
    this.#count += 1;
    if (this.#now() - this.#lastAt < this.#everyMs) {
      this.#unlogged += 1;
      return;
    }
    this.#logger.warn(this.#unlogged > 0 ? `${message} (and ${this.#unlogged} more since the last warning)` : message);
    this.#lastAt = this.#now();
    this.#unlogged = 0;
  }
}

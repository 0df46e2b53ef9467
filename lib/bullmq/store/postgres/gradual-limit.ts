/** Requests at the same time until one has to wait. */
const INITIAL_LIMIT = 2;
/** How long a request waits before the limit is lifted, in milliseconds: longer than the periodic requests of an idle process. */
const PATIENCE_MS = 15;
/** The limit returns after this time without a wait, in milliseconds. */
const CALM_MS = 5_000;

/**
 * Limits how many requests are under way while there are few, so that the periodic requests of an idle process, which come at
 * the same moment, share connections. A request that would wait longer lifts the limit.
 */
export class GradualLimit {
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #liftedUntil = -Infinity;
  #isTimed = false;

  /** Resolves when the request may be sent. Call `leave` after it has ended. */
  enter(): Promise<void> | undefined {
    this.#running += 1;
    if (this.#running <= INITIAL_LIMIT) return undefined;
    const now = performance.now();
    if (now < this.#liftedUntil) {
      this.#liftedUntil = now + CALM_MS;
      return undefined;
    }
    if (!this.#isTimed) setTimeout(() => this.#lift(), PATIENCE_MS);
    this.#isTimed = true;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    this.#running -= 1;
    this.#waiting.shift()?.();
  }

  #lift(): void {
    this.#isTimed = false;
    if (this.#waiting.length === 0) return;
    this.#liftedUntil = performance.now() + CALM_MS;
    for (const send of this.#waiting.splice(0)) send();
  }
}

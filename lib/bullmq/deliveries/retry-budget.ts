import { pause } from '../../shared/pause.js';

const CLOCK = { now: () => performance.now(), pause };
const PAUSE_MS = { min: 50, max: 1_000 } as const;

/**
 * Limits how long one attempt at an event retries failed store requests. The limit is shorter than the remaining lock, so
 * no other worker can acquire the event meanwhile.
 */
export class RetryBudget {
  readonly #limitMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #clock: typeof CLOCK;
  #until: number | undefined;
  #pauseMs: number = PAUSE_MS.min;

  /**
   * @param limitMs time for retries from the first failure on, in milliseconds
   * @param signal ends the retries
   */
  constructor(limitMs: number, signal?: AbortSignal, clock = CLOCK) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#signal = signal;
  }

  /** Waits before the next retry, longer each time. Resolves with `false` if the budget is used up. */
  async backOff(): Promise<boolean> {
    this.#until ??= this.#clock.now() + this.#limitMs;
    const leftMs = this.#until - this.#clock.now();
    if (leftMs <= 0 || this.#signal?.aborted) return false;
    const pauseMs = Math.min(this.#pauseMs, leftMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS.max);
    await this.#clock.pause(pauseMs, this.#signal).catch(() => undefined);
    return true;
  }

  /** Restores the full budget after a successful request. */
  reset(): void {
    this.#until = undefined;
    this.#pauseMs = PAUSE_MS.min;
  }
}

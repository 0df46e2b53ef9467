import { RunningWork } from '../../shared/running-work.js';

const TICKS_PER_LOCK = 10;
const MAX_TICK_MS = 1_000;

/**
 * Detects that handlers blocked the event loop for so long that a lock may have expired. A blocked process renews no lock,
 * so another worker may have run the same handler.
 */
export class EventLoopMonitor {
  readonly #lockMs: number;
  readonly #tickMs: number;
  readonly #onBlocked: (message: string) => void;
  readonly #now: () => number;
  readonly #running: RunningWork;
  #tickedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param lockMs duration of a lock, which is renewed after half of it
   * @param running keeps track of the handlers
   */
  constructor(
    lockMs: number,
    {
      onBlocked,
      running = new RunningWork(),
      now = () => performance.now(),
    }: {
      readonly onBlocked: (message: string) => void;
      readonly running?: RunningWork;
      readonly now?: () => number;
    },
  ) {
    this.#running = running;
    this.#lockMs = lockMs;
    this.#tickMs = Math.min(lockMs / TICKS_PER_LOCK, MAX_TICK_MS);
    this.#onBlocked = onBlocked;
    this.#now = now;
  }

  /** Call when a handler starts. The returned function ends its run. */
  begin(handler: string): () => void {
    if (this.#running.size === 0) this.#start();
    else this.#check();
    const end = this.#running.begin(handler);
    let isRunning = true;
    return () => {
      if (!isRunning) return;
      isRunning = false;
      this.#check();
      end();
      if (this.#running.size === 0) clearInterval(this.#timer);
    };
  }

  #start(): void {
    this.#tickedAt = this.#now();
    this.#timer = setInterval(() => this.#check(), this.#tickMs).unref();
  }

  #check(): void {
    const now = this.#now();
    const blockedMs = now - this.#tickedAt;
    this.#tickedAt = now;
    if (blockedMs <= this.#lockMs / 2) return;
    const names = this.#running.names.join(', ');
    this.#onBlocked(
      `The event loop was blocked for ${seconds(blockedMs)} while ${names} ran. A lock lasts ${Number((this.#lockMs / 1000).toFixed(1))} s (lockDurationMs) and was not renewed: another worker may have run the same handler a second time. Compute in a worker thread, or raise lockDurationMs.`,
    );
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

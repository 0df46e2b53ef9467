import { listed, type RunningWork } from '../../shared/running-work.js';
import { settlesWithin } from '../../shared/timeouts.js';
import type { StoreWorker } from './inbox-store.js';
import { Supervised } from './supervised.js';

const CLOSE_TIMEOUT_MS = 2_000;
/** Other workers take over at once what ends in this time, and the rest when its lock has expired. */
const INTERRUPT_MS = 500;

/** Options of `DrainingWorker`. */
export interface DrainingWorkerOptions<Data, Result> {
  make(): Promise<StoreWorker<Data, Result>>;
  /** What its jobs do apart from requests to the store. */
  readonly work: readonly RunningWork[];
  onFailure(message: string): void;
}

/** A worker that starts when the store becomes available and stops in bounded time, even if the store is down. */
export class DrainingWorker<Data, Result> {
  readonly #worker: Supervised<StoreWorker<Data, Result>>;
  readonly #work: readonly RunningWork[];
  #closed: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor({ make, work, onFailure }: DrainingWorkerOptions<Data, Result>) {
    this.#work = work;
    this.#worker = new Supervised<StoreWorker<Data, Result>>({
      make,
      // Not earlier: nobody would wait for the jobs of a worker that is stopped before it is ready.
      onConnected: async (worker) => void worker.run().catch(() => undefined),
      onFailure,
    });
  }

  /** State of the worker. It also counts as running while it waits for its store to come back. */
  get state(): 'starting' | 'running' | 'stopped' {
    if (this.#isStopped) return 'stopped';
    const worker = this.#worker.current;
    if (!worker) return 'starting';
    return worker.isRunning() ? 'running' : 'stopped';
  }

  start(): void {
    this.#worker.start();
  }

  /** Accepts no more jobs and waits for running ones. Resolves with `false` if some still work after the timeout. */
  async drain(drainTimeoutMs: number): Promise<boolean> {
    const endsAt = performance.now() + drainTimeoutMs;
    this.#isStopped = true;
    const worker = await this.#worker.stop();
    if (!worker) return true;
    this.#closed = worker.close();
    let closeMs = Math.min(CLOSE_TIMEOUT_MS, drainTimeoutMs);
    for (;;) {
      // A worker does not close while its store is down: a job that only waits for the store must not delay the shutdown.
      await settlesWithin(this.#closed, closeMs);
      if (!this.#isWorking) return true;
      const leftMs = Math.max(endsAt - performance.now(), 0);
      if (!(await settlesWithin(Promise.all(this.#work.map((work) => work.idle())), leftMs))) return false;
      closeMs = CLOSE_TIMEOUT_MS;
    }
  }

  get #isWorking(): boolean {
    return this.#work.some(({ size }) => size > 0);
  }

  /** Waits briefly for jobs that were told to end. */
  async interrupted(): Promise<void> {
    await settlesWithin(this.#closed, INTERRUPT_MS);
  }
}

/** Returns the warning about work that a drain did not wait for. Without a handler, it is a question to Gemini. */
export function undrainedWarning(handlers: readonly string[], drainTimeoutMs: number): string {
  const after = `after drainTimeoutMs (${drainTimeoutMs} ms)`;
  if (handlers.length === 0)
    return `An event was still waiting for an answer from Gemini ${after}. Other workers retry.`;
  return `Handlers were still running ${after}${listed(handlers)}. Their signals are aborted, and other workers retry.`;
}

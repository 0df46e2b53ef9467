import type { Processor } from 'bullmq';
import { settlesWithin } from '../../shared/timeouts.js';
import type { StoreWorker } from './inbox-store.js';
import { Supervised } from './supervised.js';

const CLOSE_TIMEOUT_MS = 2_000;

/** Options of `DrainingWorker`. */
export interface DrainingWorkerOptions<Data, Result> {
  /** @param tracked wraps the processor to keep track of running jobs */
  make(
    tracked: (processor: Processor<Data, Result, string>) => Processor<Data, Result, string>,
  ): Promise<StoreWorker<Data, Result>>;
  onFailure(message: string): void;
}

/** A worker that starts when the store becomes available and stops in bounded time, even if the store is down. */
export class DrainingWorker<Data, Result> {
  readonly #running = new Set<Promise<Result>>();
  readonly #worker: Supervised<StoreWorker<Data, Result>>;
  #isStopped = false;

  constructor({ make, onFailure }: DrainingWorkerOptions<Data, Result>) {
    this.#worker = new Supervised<StoreWorker<Data, Result>>({
      make: () => make((processor) => this.#tracked(processor)),
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

  /** Keeps track of each run until it ends. */
  #tracked(processor: Processor<Data, Result, string>): Processor<Data, Result, string> {
    return (...given) => {
      const run = processor(...given);
      const forget = () => void this.#running.delete(run);
      this.#running.add(run);
      run.then(forget, forget);
      return run;
    };
  }

  /** Accepts no more jobs and waits for running ones. Resolves with `false` if some still run after the timeout. */
  async drain(drainTimeoutMs: number): Promise<boolean> {
    this.#isStopped = true;
    const worker = await this.#worker.stop();
    if (!worker) return true;
    const closed = worker.close();
    const firstMs = Math.min(CLOSE_TIMEOUT_MS, drainTimeoutMs);
    // A worker does not close while its store is down, so only the running jobs count.
    if ((await settlesWithin(closed, firstMs)) || this.#running.size === 0) return true;
    const idle = Promise.race([closed, Promise.allSettled(this.#running)]);
    if (!(await settlesWithin(idle, drainTimeoutMs - firstMs))) return false;
    await settlesWithin(closed, CLOSE_TIMEOUT_MS);
    return true;
  }
}

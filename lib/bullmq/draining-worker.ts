import type { Processor } from 'bullmq';
import { settlesWithin } from '../with-timeout.js';
import type { StoreWorker } from './inbox-store.js';
import { Supervised } from './supervised.js';

const CLOSE_TIMEOUT_MS = 2_000;

/** How a worker comes about. */
export interface WorkerPlan<Data, Result> {
  /** @param watched wraps the processor, so that what runs is known */
  make(
    watched: (processor: Processor<Data, Result, string>) => Processor<Data, Result, string>,
  ): Promise<StoreWorker<Data, Result>>;
  onFailure(message: string): void;
}

/** A worker that is built once the store is there, and ends in bounded time, also when the store is down. */
export class DrainingWorker<Data, Result> {
  readonly #running = new Set<Promise<Result>>();
  readonly #worker: Supervised<StoreWorker<Data, Result>>;

  constructor({ make, onFailure }: WorkerPlan<Data, Result>) {
    this.#worker = new Supervised<StoreWorker<Data, Result>>({
      make: () => make((processor) => this.#watched(processor)),
      onFailure,
    });
  }

  start(): void {
    this.#worker.start();
  }

  /** Keeps what runs, for as long as it does. */
  #watched(processor: Processor<Data, Result, string>): Processor<Data, Result, string> {
    return (...given) => {
      const run = processor(...given);
      const forget = () => void this.#running.delete(run);
      this.#running.add(run);
      run.then(forget, forget);
      return run;
    };
  }

  /** Takes no more, and waits for what runs. Resolves with whether it has ended. */
  async drain(drainTimeoutMs: number): Promise<boolean> {
    const worker = await this.#worker.stop();
    if (!worker) return true;
    const closed = worker.close();
    const firstMs = Math.min(CLOSE_TIMEOUT_MS, drainTimeoutMs);
    // A worker whose store is down does not close: what counts is what runs.
    if ((await settlesWithin(closed, firstMs)) || this.#running.size === 0) return true;
    const idle = Promise.race([closed, Promise.allSettled(this.#running)]);
    if (!(await settlesWithin(idle, drainTimeoutMs - firstMs))) return false;
    await settlesWithin(closed, CLOSE_TIMEOUT_MS);
    return true;
  }
}

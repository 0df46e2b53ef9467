import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { withTimeout } from '../shared/timeouts.js';
import type { DispatchRun } from './dispatch.js';
import type { EventHandler } from './event-handler.js';

interface OverdueRun {
  /** Resolves with true if the run has succeeded. Never rejects. */
  readonly ended: Promise<boolean>;
  readonly generation: number;
}

const NO_RUNS: readonly Promise<boolean>[] = [];

/** Runs that exceeded their timeout and have not ended. */
export class OverdueRuns {
  /** By event key and handler. */
  readonly #runs = new Map<string, OverdueRun>();

  /** @param ended resolves with true if the run has succeeded, and never rejects */
  add(
    handler: EventHandler,
    delivery: VerifiedDelivery,
    { generation = 0 }: DispatchRun,
    ended: Promise<boolean>,
  ): void {
    const id = idOf(handler, delivery);
    const untracked = ended.finally(() => this.#runs.delete(id));
    this.#runs.set(id, { ended: untracked, generation });
  }

  /** Returns what resolves when the runs of an event's handlers have ended. */
  of(handlers: readonly EventHandler[], delivery: VerifiedDelivery): readonly Promise<boolean>[] {
    if (this.#runs.size === 0) return NO_RUNS;
    return handlers.flatMap((handler) => this.#runs.get(idOf(handler, delivery))?.ended ?? []);
  }

  /**
   * Waits until no earlier run of the handler is left.
   *
   * @returns true if that run has succeeded and this attempt wants no other effect: a replay has new checkpoints, which lack
   *   the late success
   * @throws TimeoutError if it does not end within the handler's `timeoutMs`
   */
  async haveSucceeded(
    handler: EventHandler,
    delivery: VerifiedDelivery,
    { generation = 0 }: DispatchRun,
  ): Promise<boolean> {
    const run = this.#runs.get(idOf(handler, delivery));
    if (!run) return false;
    const message = `${handler.name} is still running an earlier attempt`;
    const hasSucceeded = await withTimeout(run.ended, handler.timeoutMs ?? 0, message);
    return hasSucceeded && run.generation === generation;
  }

  get size(): number {
    return this.#runs.size;
  }
}

function idOf({ name }: EventHandler, { key }: VerifiedDelivery): string {
  return `${name} ${key}`;
}

import { LRUCache } from 'lru-cache';
import type { HandlerSettlement } from '../../handlers/dispatch.js';

const MAX_EVENTS = 20_000;
/** Covers an attempt that was read from the store just before the last checkpoint was written. */
const WRITTEN_TTL_MS = 60_000;

/** The completed handlers of one event in this process, including those whose checkpoint is not stored. */
export interface CompletedHandlers {
  /** Outcome of each handler that completed here, by name. */
  readonly handlers: Map<string, HandlerSettlement>;
  /** True if the store lacks a checkpoint. */
  unwritten: boolean;
}

interface CachedEvent extends CompletedHandlers {
  runs: number;
  idle: Promise<unknown>;
}

/**
 * Remembers the completed handlers of unfinished events in this process. A handler that succeeded is not run again when
 * the store failed to save its checkpoint, or returned the event once more after the lock expired.
 */
export class CompletedHandlersCache {
  readonly #events = new LRUCache<string, CachedEvent>({ max: MAX_EVENTS });

  /** Runs the work after earlier runs of the same event in this process have ended. */
  async run<Result>(id: string, work: (completed: CompletedHandlers) => Promise<Result>): Promise<Result> {
    const event = this.#events.get(id) ?? { handlers: new Map(), unwritten: false, runs: 0, idle: Promise.resolve() };
    event.runs += 1;
    this.#events.set(id, event, { ttl: 0 });
    const run = event.idle.then(() => work(event));
    event.idle = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      event.runs -= 1;
      const isCurrent = this.#events.get(id) === event;
      if (isCurrent && event.runs === 0 && !event.unwritten) this.#events.set(id, event, { ttl: WRITTEN_TTL_MS });
    }
  }

  /** Forgets a finished event: a later replay decides for itself which handlers run. */
  forget(id: string | undefined): void {
    if (id !== undefined) this.#events.delete(id);
  }
}

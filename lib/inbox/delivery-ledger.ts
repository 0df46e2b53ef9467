import { LRUCache } from 'lru-cache';
import { GeminiWebhooksError } from '../errors.js';
import type { HandlerCheckpoints, HandlerSettlement } from '../handlers/dispatch.js';

/** What is remembered of one event. */
export class LedgerEntry implements HandlerCheckpoints {
  #settled: string[] | undefined;
  #attempts = 0;

  /** Whether every handler has settled: another delivery of the event is a duplicate. */
  done = false;

  has(handler: string): boolean {
    return this.#settled?.includes(handler) ?? false;
  }

  /** How it settled is nothing to the ledger: it is not run again. */
  settle(handler: string, _how: HandlerSettlement): void {
    this.#settled ??= [];
    this.#settled.push(handler);
  }

  /** Begins an attempt and tells which one it is; 1 for the first. */
  nextAttempt(): number {
    this.#attempts += 1;
    return this.#attempts;
  }

  /** Forgets the checkpoints: once the event is done, no handler of it is looked up again. */
  finish(): void {
    this.done = true;
    this.#settled = undefined;
  }
}

/** Stands for every event that is done: there is nothing more to remember of one than that. */
const DONE = new LedgerEntry();
DONE.finish();

/** The attempt that is under way for an event, and what the others wait for. */
export interface RunningClaim<Result> {
  readonly entry: LedgerEntry;
  readonly result: Promise<Result>;
}

/** Which events this process has seen: bounded in number and time, and never forgetting one that is being handled. */
export class DeliveryLedger<Result> {
  readonly #running = new Map<string, RunningClaim<Result>>();
  readonly #settled: LRUCache<string, LedgerEntry>;
  readonly #maxEntries: number;

  constructor({ maxEntries, retentionMs }: { readonly maxEntries: number; readonly retentionMs: number }) {
    this.#maxEntries = maxEntries;
    // Reading the clock costs less than the timers by which the cache would save that.
    this.#settled = new LRUCache({ max: maxEntries, ttl: retentionMs, ttlResolution: 0 });
  }

  /** How many events are remembered, and how many of them are being handled. */
  get size(): { readonly total: number; readonly running: number } {
    return { total: this.#running.size + this.#settled.size, running: this.#running.size };
  }

  /** What is under way. */
  get running(): readonly Promise<Result>[] {
    return [...this.#running.values()].map(({ result }) => result);
  }

  /** The attempt under way for the event, or what is remembered of it, or nothing. */
  find(key: string): RunningClaim<Result> | LedgerEntry | undefined {
    return this.#running.get(key) ?? this.#settled.get(key);
  }

  /**
   * Claims the event and begins the work. Until that has ended, the entry is not evicted.
   *
   * @throws GeminiWebhooksError `inbox_unavailable` when as many events as the ledger may hold are being handled
   */
  claim(key: string, entry: LedgerEntry, work: () => Promise<Result>): RunningClaim<Result> {
    if (this.#running.size >= this.#maxEntries) {
      throw new GeminiWebhooksError(
        'inbox_unavailable',
        `${this.#running.size} events are being handled, which is all that the inline inbox holds.`,
      );
    }
    this.#settled.delete(key);
    if (this.#running.size + this.#settled.size >= this.#maxEntries) this.#settled.pop();
    const claim = { entry, result: this.#run(key, entry, work) };
    this.#running.set(key, claim);
    return claim;
  }

  async #run(key: string, entry: LedgerEntry, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } finally {
      this.#running.delete(key);
      this.#settled.set(key, entry.done ? DONE : entry);
    }
  }
}

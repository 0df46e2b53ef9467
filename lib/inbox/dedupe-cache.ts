import type { DecidedEvent } from '../events/verified-delivery.js';
import type { HandlerCheckpoints, HandlerSettlement } from '../handlers/dispatch.js';
import { RunningWork } from '../shared/running-work.js';

/** What the cache remembers of one event. */
export class DedupeEntry implements HandlerCheckpoints {
  #completed: string[] | undefined;
  #attempts = 0;
  #running: RunningWork | undefined;

  #decided: DecidedEvent | null | undefined;

  /** True once every handler has completed: another delivery of the event is a duplicate. */
  done = false;

  /** End of the last attempt, in Unix milliseconds. */
  endedAt = 0;

  /** The event that handlers receive; `undefined` until that is decided, `null` if it stays as sent. */
  get decided(): DecidedEvent | null | undefined {
    return this.#decided;
  }

  decide(decided: DecidedEvent | undefined): void {
    // A copy: a substring would keep the whole response that it comes from in memory.
    this.#decided = decided ? (JSON.parse(JSON.stringify(decided)) as DecidedEvent) : null;
  }

  has(handler: string): boolean {
    return this.#completed?.includes(handler) ?? false;
  }

  /** Marks a handler as completed, whether it succeeded or failed for good: it is not run again. */
  settle(handler: string, _how: HandlerSettlement): void {
    this.#completed ??= [];
    this.#completed.push(handler);
  }

  /** Call when a handler starts. The returned function ends its run. */
  begin(handler: string): () => void {
    this.#running ??= new RunningWork();
    return this.#running.begin(handler);
  }

  /** Names of the handlers that run, also of earlier attempts that exceeded their timeout. */
  get running(): readonly string[] {
    return this.#running?.names ?? [];
  }

  /** Starts an attempt and returns its number, from 1. */
  nextAttempt(): number {
    this.#attempts += 1;
    return this.#attempts;
  }

  /** Marks the event as done and drops its checkpoints, which are not read again. */
  finish(): void {
    this.done = true;
    this.#decided = null;
    this.#completed = undefined;
    this.#running = undefined;
  }
}

/** Shared by all events that are done: nothing else is remembered of them. */
const DONE = new DedupeEntry();
DONE.finish();

/** The running attempt of an event, and the result that copies of the event wait for. */
export interface RunningClaim<Result> {
  readonly entry: DedupeEntry;
  readonly result: Promise<Result>;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

/** Remembers the events that this process has seen, bounded in number and time. Never evicts one that is being handled. */
export class DedupeCache<Result> {
  readonly #running = new Map<string, RunningClaim<Result>>();
  /** In the order in which they ended. Of an event that is done, only the time of its end. */
  readonly #idle = new Map<string, DedupeEntry | number>();
  /** Passes each entry once. A new iterator would start with the gaps of all that were evicted before. */
  #oldest: Iterator<string> | undefined;
  readonly #maxEntries: number;
  readonly #retentionMs: number;

  constructor({ maxEntries, retentionMs }: { readonly maxEntries: number; readonly retentionMs: number }) {
    this.#maxEntries = maxEntries;
    this.#retentionMs = retentionMs;
  }

  /** Number of remembered events, and of those that are being handled. */
  get size(): { readonly total: number; readonly running: number } {
    return { total: this.#running.size + this.#idle.size, running: this.#running.size };
  }

  /** Results of the running attempts. */
  get running(): readonly Promise<Result>[] {
    return [...this.#running.values()].map(({ result }) => result);
  }

  /** Distinct names of the handlers that run. */
  get runningHandlers(): readonly string[] {
    return [...new Set([...this.#running.values()].flatMap(({ entry }) => entry.running))];
  }

  /** Start of the oldest running attempt, in Unix milliseconds. */
  get oldestStartedAt(): number | undefined {
    // Claims are in the order in which they started.
    for (const { startedAt } of this.#running.values()) return startedAt;
    return undefined;
  }

  /** Returns the running attempt of the event, its entry if none is running, or `undefined`. */
  find(key: string): RunningClaim<Result> | DedupeEntry | undefined {
    const running = this.#running.get(key);
    if (running) return running;
    const idle = this.#idle.get(key);
    if (idle === undefined) return undefined;
    const endedAt = typeof idle === 'number' ? idle : idle.endedAt;
    if (Date.now() - endedAt <= this.#retentionMs) return typeof idle === 'number' ? DONE : idle;
    this.#idle.delete(key);
    return undefined;
  }

  /** True if the events that are being handled fill the cache. */
  get isFull(): boolean {
    return this.#running.size >= this.#maxEntries;
  }

  /** Claims the event and starts the work. The entry is not evicted before the work ends. Check `isFull` first. */
  claim(key: string, entry: DedupeEntry, work: () => Promise<Result>): RunningClaim<Result> {
    this.#idle.delete(key);
    if (this.#running.size + this.#idle.size >= this.#maxEntries) this.#evictOldest();
    const result = work();
    const claim = { entry, result, startedAt: Date.now() };
    this.#running.set(key, claim);
    const end = () => {
      this.#running.delete(key);
      entry.endedAt = Date.now();
      this.#idle.set(key, entry.done ? entry.endedAt : entry);
    };
    // Before anyone else waits for the result, so that the event has ended for them.
    result.then(end, end);
    return claim;
  }

  #evictOldest(): void {
    this.#oldest ??= this.#idle.keys();
    const oldest = this.#oldest.next();
    if (oldest.done) this.#oldest = undefined;
    else this.#idle.delete(oldest.value);
  }
}

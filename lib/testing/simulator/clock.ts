// Imported, so that fake global timers in a test do not stop the simulator.
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import TinyQueue from 'tinyqueue';
import type { SimulatorClock } from './simulated-api.js';

/** Maximum delay of a Node timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Clock that its simulator can stop. */
export interface StoppableClock extends SimulatorClock {
  /** Drops all scheduled tasks and ignores new ones. */
  stop(): void;
}

interface Task {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void | Promise<void>;
  isCancelled: boolean;
}

/** Scheduled tasks by due time; tasks with equal due times run in the order in which they were added. */
class TaskQueue {
  #queue = emptyQueue();
  #sequence = 0;
  #isClosed = false;

  add(at: number, run: Task['run']): Task {
    const task: Task = { at, sequence: (this.#sequence += 1), run, isCancelled: false };
    if (at < Infinity && !this.#isClosed) this.#queue.push(task);
    return task;
  }

  /** Returns the due time of the next task, or `undefined` without one. */
  nextAt(): number | undefined {
    while (this.#queue.peek()?.isCancelled === true) this.#queue.pop();
    return this.#queue.peek()?.at;
  }

  /** Removes and returns all tasks due by then. */
  takeDue(now: number): Task[] {
    const due: Task[] = [];
    for (let at = this.nextAt(); at !== undefined && at <= now; at = this.nextAt()) due.push(this.#queue.pop()!);
    return due;
  }

  close(): void {
    this.#isClosed = true;
    this.#queue = emptyQueue();
  }
}

function emptyQueue(): TinyQueue<Task> {
  return new TinyQueue<Task>([], (a, b) => a.at - b.at || a.sequence - b.sequence);
}

/** Clock that starts at the machine's time and runs `speed` times as fast. Uses one unreferenced timer. */
export class RealClock implements StoppableClock {
  readonly #speed: number;
  readonly #onStarted: (work: Promise<void>) => void;
  readonly #tasks = new TaskQueue();
  readonly #startedAt = Date.now();
  readonly #origin = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** @param onStarted called with the promise of an asynchronous task */
  constructor(speed: number, onStarted: (work: Promise<void>) => void) {
    this.#speed = speed;
    this.#onStarted = onStarted;
  }

  now(): number {
    return Math.floor(this.#startedAt + (performance.now() - this.#origin) * this.#speed);
  }

  after(delayMs: number, run: () => void | Promise<void>): () => void {
    const task = this.#tasks.add(this.now() + delayMs, run);
    this.#schedule();
    return () => {
      task.isCancelled = true;
    };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#tasks.close();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const nextAt = this.#tasks.nextAt();
    if (nextAt === undefined) return;
    const waitMs = Math.min(Math.max(Math.ceil((nextAt - this.now()) / this.#speed), 0), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#runDue(), waitMs).unref();
  }

  #runDue(): void {
    const due = this.#tasks.takeDue(this.now());
    this.#schedule();
    for (const task of due) {
      const work = task.isCancelled ? undefined : task.run();
      if (work instanceof Promise) this.#onStarted(work);
    }
  }
}

/** Clock that only `advance` moves. Starts at the machine's time. */
export class ManualClock implements StoppableClock {
  readonly #tasks = new TaskQueue();
  readonly #untilIdle: () => Promise<void>;
  #now = Date.now();
  #advancing: Promise<void> = Promise.resolve();

  /** @param untilIdle resolves when all work that tasks started is done */
  constructor(untilIdle: () => Promise<void>) {
    this.#untilIdle = untilIdle;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void | Promise<void>): () => void {
    const task = this.#tasks.add(this.#now + delayMs, run);
    return () => {
      task.isCancelled = true;
    };
  }

  stop(): void {
    this.#tasks.close();
  }

  /** Runs due tasks in order; time stands still until all tasks of one due time, and the work they started, are done. */
  advance(ms: number): Promise<void> {
    const advanced = this.#advancing.then(() => this.#advanceTo(this.#now + ms));
    this.#advancing = advanced.catch(() => {});
    return advanced;
  }

  async #advanceTo(end: number): Promise<void> {
    await this.#untilIdle();
    for (let at = this.#tasks.nextAt(); at !== undefined && at <= end; at = this.#tasks.nextAt()) {
      this.#now = Math.max(this.#now, at);
      const due = this.#tasks.takeDue(this.#now);
      await Promise.all(due.map(({ run, isCancelled }) => (isCancelled ? undefined : run())));
      await this.#untilIdle();
    }
    this.#now = end;
  }
}

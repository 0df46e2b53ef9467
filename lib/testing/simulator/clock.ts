// From their modules, so that a test that fakes the global timers does not stop the simulator.
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { Heap } from 'heap-js';
import type { SimulatorClock } from './simulated-api.js';

/** The longest that a timer of Node's takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A clock that its simulator can stop. */
export interface StoppableClock extends SimulatorClock {
  /** Forgets all that was to run, and takes nothing more. */
  stop(): void;
}

interface Alarm {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void | Promise<void>;
  isCancelled: boolean;
}

/** What is to run, in the order in which it falls due; what falls due together keeps the order in which it was asked for. */
class Alarms {
  #queue = emptyQueue();
  #sequence = 0;
  #isClosed = false;

  add(at: number, run: Alarm['run']): Alarm {
    const alarm: Alarm = { at, sequence: (this.#sequence += 1), run, isCancelled: false };
    if (at < Infinity && !this.#isClosed) this.#queue.push(alarm);
    return alarm;
  }

  /** When the next one falls due, or `undefined`. */
  nextAt(): number | undefined {
    while (this.#queue.peek()?.isCancelled === true) this.#queue.pop();
    return this.#queue.peek()?.at;
  }

  /** Takes all that fall due by then. */
  takeDue(now: number): Alarm[] {
    const due: Alarm[] = [];
    for (let at = this.nextAt(); at !== undefined && at <= now; at = this.nextAt()) due.push(this.#queue.pop()!);
    return due;
  }

  close(): void {
    this.#isClosed = true;
    this.#queue = emptyQueue();
  }
}

function emptyQueue(): Heap<Alarm> {
  return new Heap<Alarm>((a, b) => a.at - b.at || a.sequence - b.sequence);
}

/** The machine's time from the start on, `speed` times as fast. One timer for all, which keeps no process alive. */
export class RealClock implements StoppableClock {
  readonly #speed: number;
  readonly #begun: (work: Promise<void>) => void;
  readonly #alarms = new Alarms();
  readonly #startedAt = Date.now();
  readonly #origin = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** @param begun hears of work that an alarm has started and that is not done at once */
  constructor(speed: number, begun: (work: Promise<void>) => void) {
    this.#speed = speed;
    this.#begun = begun;
  }

  now(): number {
    return Math.floor(this.#startedAt + (performance.now() - this.#origin) * this.#speed);
  }

  after(delayMs: number, run: () => void | Promise<void>): () => void {
    const alarm = this.#alarms.add(this.now() + delayMs, run);
    this.#arm();
    return () => {
      alarm.isCancelled = true;
    };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#alarms.close();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const nextAt = this.#alarms.nextAt();
    if (nextAt === undefined) return;
    const waitMs = Math.min(Math.max(Math.ceil((nextAt - this.now()) / this.#speed), 0), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#ring(), waitMs).unref();
  }

  #ring(): void {
    const due = this.#alarms.takeDue(this.now());
    this.#arm();
    for (const alarm of due) {
      const work = alarm.isCancelled ? undefined : alarm.run();
      if (work instanceof Promise) this.#begun(work);
    }
  }
}

/** A time that only `advance` moves. Starts at the machine's. */
export class ManualClock implements StoppableClock {
  readonly #alarms = new Alarms();
  readonly #settled: () => Promise<void>;
  #now = Date.now();
  #advancing: Promise<void> = Promise.resolve();

  /** @param settled resolves when nothing is going on that an alarm has started */
  constructor(settled: () => Promise<void>) {
    this.#settled = settled;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void | Promise<void>): () => void {
    const alarm = this.#alarms.add(this.#now + delayMs, run);
    return () => {
      alarm.isCancelled = true;
    };
  }

  stop(): void {
    this.#alarms.close();
  }

  /** Runs all that falls due, moment by moment: time stands still until what a moment has started is done. */
  advance(ms: number): Promise<void> {
    const advanced = this.#advancing.then(() => this.#advanceTo(this.#now + ms));
    this.#advancing = advanced.catch(() => {});
    return advanced;
  }

  async #advanceTo(end: number): Promise<void> {
    await this.#settled();
    for (let at = this.#alarms.nextAt(); at !== undefined && at <= end; at = this.#alarms.nextAt()) {
      this.#now = Math.max(this.#now, at);
      const due = this.#alarms.takeDue(this.#now);
      await Promise.all(due.map(({ run, isCancelled }) => (isCancelled ? undefined : run())));
      await this.#settled();
    }
    this.#now = end;
  }
}

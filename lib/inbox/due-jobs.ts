import TinyQueue from 'tinyqueue';

/** Max delay of a timer in Node. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls back for each job when it is due, a few at a time, with one timer for all jobs. */
export class DueJobs {
  readonly #due = new TinyQueue<{ readonly id: string; readonly at: number }>([], (a, b) => a.at - b.at);
  readonly #maxConcurrent: number;
  readonly #work: (id: string, at: number) => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #working = 0;
  #closed = false;

  /** @param work must not reject; it is called with the time for which the job was scheduled */
  constructor(maxConcurrent: number, work: (id: string, at: number) => Promise<void>) {
    this.#maxConcurrent = maxConcurrent;
    this.#work = work;
  }

  /** @param at Unix milliseconds */
  schedule(id: string, at: number): void {
    const first = this.#due.peek();
    this.#due.push({ id, at });
    if (first === undefined || at < first.at) this.#arm(at);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#pump(), Math.min(Math.max(at - Date.now(), 0), MAX_TIMER_MS));
    this.#timer.unref();
  }

  #pump(): void {
    const now = Date.now();
    let next = this.#due.peek();
    while (next && next.at <= now && this.#working < this.#maxConcurrent) {
      this.#due.pop();
      void this.#run(next.id, next.at);
      next = this.#due.peek();
    }
    if (next && this.#working < this.#maxConcurrent) this.#arm(next.at);
  }

  async #run(id: string, at: number): Promise<void> {
    this.#working += 1;
    try {
      await this.#work(id, at);
    } finally {
      this.#working -= 1;
      if (!this.#closed) this.#pump();
    }
  }
}

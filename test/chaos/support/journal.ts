import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Returns milliseconds on the clock of `JournalEntry.at`. */
export function sharedClock(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** A line that a process wrote synchronously. */
export interface JournalEntry {
  readonly pid: number;
  readonly what:
    | 'started'
    | 'done'
    | 'failed'
    | 'exited'
    | 'asked'
    | 'answered'
    | 'recorded'
    | 'inserted'
    | 'committed'
    | 'claimed before'
    | 'finished'
    | 'unhandled rejection'
    | 'uncaught exception'
    | 'warning';
  readonly handler: string;
  readonly id: string;
  /** Milliseconds on a clock that all processes of the machine share, in the journal of `fixtures/app.js`. */
  readonly at?: number;
}

/** Actions of all processes of a test, in order. */
export class Journal {
  readonly #folder = mkdtempSync(join(tmpdir(), 'gemini-webhooks-'));
  readonly file = join(this.#folder, 'journal');

  constructor() {
    writeFileSync(this.file, '');
  }

  entries(what?: JournalEntry['what']): JournalEntry[] {
    const all = readFileSync(this.file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as JournalEntry);
    return what === undefined ? all : all.filter((entry) => entry.what === what);
  }

  /** Unhandled rejections, uncaught exceptions and warnings of Node, such as a leak of listeners. */
  uncaught(): JournalEntry[] {
    return [...this.entries('unhandled rejection'), ...this.entries('uncaught exception'), ...this.entries('warning')];
  }

  /** Number of entries of a handler, by event. */
  counts(what: JournalEntry['what'], handler: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const entry of this.entries(what)) {
      if (entry.handler === handler) counts.set(entry.id, (counts.get(entry.id) ?? 0) + 1);
    }
    return counts;
  }

  /** Runs that started in a process and never ended there. */
  cutIn(pid: number): number {
    const own = this.entries().filter((entry) => entry.pid === pid);
    const count = (...whats: readonly string[]) => own.filter(({ what }) => whats.includes(what)).length;
    return count('started') - count('done', 'failed');
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

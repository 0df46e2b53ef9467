import { RETRY_SHARE_OF_LOCK } from '../../../lib/bullmq/deliveries/delivery-worker.js';
import type { Trouble } from './faults.js';
import type { JournalEntry } from './journal.js';

/** A fault, and when it happened by the clock of the journal. */
export interface Happened {
  readonly name: string;
  readonly trouble: Trouble | undefined;
  readonly from: number;
  readonly to: number;
}

/** Handlers that succeeded more than once for one event, by what had happened to a process that ran them. */
export type RunAgain = Readonly<Record<Trouble['what'] | 'outage' | 'otherwise', readonly string[]>>;

const CAUSES = ['killed', 'frozen', 'skewed', 'outage'] as const;

interface Run {
  readonly pid: number;
  /** When it began. */
  readonly since: number;
  readonly at: number;
}

/** Events that a handler has never succeeded for. */
export function lostOf(
  entries: readonly JournalEntry[],
  handlers: readonly string[],
  ids: readonly string[],
): string[] {
  const done = new Set(entries.map(({ handler, id }) => keyOf(handler, id)));
  return ids.filter((id) => handlers.some((handler) => !done.has(keyOf(handler, id))));
}

/**
 * A process may still hold the event of a run that it ended, for as long as a lock lasts. A store that is unavailable for
 * longer than an attempt retries may let another process run a handler again: an outage.
 */
export function runAgain(entries: readonly JournalEntry[], faults: readonly Happened[], lockMs: number): RunAgain {
  const again = { killed: [], frozen: [], skewed: [], outage: [], otherwise: [] } as Record<keyof RunAgain, string[]>;
  const causesOf = ({ pid, at }: Run) =>
    faults
      .filter(({ from, to }) => at >= from - lockMs && at <= to + lockMs)
      .flatMap(({ trouble, from, to }) => {
        if (trouble?.pid === pid) return [trouble.what];
        return trouble === undefined && to - from > lockMs * RETRY_SHARE_OF_LOCK ? ['outage' as const] : [];
      });
  const runs = new Map<string, Run[]>();
  const begun = new Map<string, number>();
  for (const { what, handler, id, pid, at = 0 } of entries) {
    const key = keyOf(handler, id);
    if (what === 'started') begun.set(`${pid} ${key}`, at);
    else if (what === 'done')
      runs.set(key, [...(runs.get(key) ?? []), { pid, since: begun.get(`${pid} ${key}`) ?? at, at }]);
  }
  for (const [key, all] of runs) {
    if (all.length === 1) continue;
    const causes = new Set(all.flatMap(causesOf));
    const cause = CAUSES.find((one) => causes.has(one)) ?? 'otherwise';
    again[cause].push(
      `${key}: ${all.map(({ pid, since, at }) => `${pid} from ${since} to ${at}, ${during(at, faults)}`).join(', ')}`,
    );
  }
  return again;
}

function during(at: number, faults: readonly Happened[]): string {
  const last = faults.findLast(({ from }) => from <= at);
  return last ? `${at - last.from} ms after ${last.name}, which took ${last.to - last.from} ms` : 'before all faults';
}

function keyOf(handler: string, id: string): string {
  return `${handler} of ${id}`;
}

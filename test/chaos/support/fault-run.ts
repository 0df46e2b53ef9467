import { randomUUID } from 'node:crypto';
import { drained } from '../../support/queues.js';
import { until } from '../../support/until.js';
import { AppProcess, killAppProcesses, type Place } from './app-process.js';
import { Balancer } from './balancer.js';
import { happeningTo } from './faults.js';
import { FaultyLine } from './faulty-line.js';
import { Fleet } from './fleet.js';
import { Journal, sharedClock, type JournalEntry } from './journal.js';
import { idsOf } from './load.js';
import { Redelivery } from './redelivery.js';
import { lostOf, runAgain, type RunAgain, type Happened } from './runs.js';
import { FAULT_MS, inOrder, LOCK_MS, planned, type Setup } from './setups/setup.js';
import { cut, stalled } from './store-faults.js';

/** Between Google and the apps. */
interface Front {
  readonly line: FaultyLine;
}

const HANDLERS = ['steady', 'flaky'];
const HANDLER_MS = 20;
/** For retries that a process with a wrong clock scheduled, and for locks of processes that were killed. */
const ALL_HANDLED_MS = 60_000;

/** What became of all events on a setup. */
export interface Outcome {
  readonly name: string;
  readonly events: number;
  readonly faults: readonly Happened[];
  readonly taken: number;
  /** Deliveries that got no 2xx. */
  readonly refused: number;
  readonly lost: readonly string[];
  readonly again: RunAgain;
  readonly failed: number;
  readonly uncaught: readonly JournalEntry[];
  readonly seconds: number;
}

/** Delivers the events while all of a setup's faults happen, one after the other. */
export async function runFaults(setup: Setup, events: number): Promise<Outcome> {
  const startedAt = performance.now();
  const cleanUps: (() => unknown)[] = [];
  try {
    const running = await setup.start();
    cleanUps.push(() => running.stop());
    const journal = new Journal();
    cleanUps.push(() => journal.remove());
    const balancer = await Balancer.start();
    cleanUps.push(() => balancer.close());
    const front = new FaultyLine(balancer.url);
    const origin = await front.start();
    cleanUps.push(() => front.stop());
    const queueName = `faults-${randomUUID()}`;
    const inbox = running.inbox.inline
      ? running.inbox
      : {
          queueName,
          lockDurationMs: LOCK_MS,
          concurrency: 8,
          attempts: 50,
          backoff: { type: 'fixed', delay: 50 },
          ...running.inbox,
        };
    cleanUps.push(() => killAppProcesses());
    const start = (place?: Place) =>
      AppProcess.start({ journal, inbox, handlerMs: HANDLER_MS }, { ...running.place, ...place });
    const fleet = await Fleet.start<AppProcess, Place>(start, balancer, running.processes);

    const ids = idsOf(events);
    const deliveries = new Redelivery(origin, ids);
    const ofDeliveries = [
      { ...happeningTo<Front, unknown>({ line: front }, cut(FAULT_MS)), name: 'deliveries cut' },
      { ...happeningTo<Front, unknown>({ line: front }, stalled(FAULT_MS)), name: 'deliveries stalled' },
    ];
    const faults = inOrder([...running.faults, ...ofDeliveries.map((fault) => planned(fault, 1, 2))]);
    const share = events / (faults.length + 1);
    const happened: Happened[] = [];
    for (const [turn, fault] of faults.entries()) {
      deliveries.allow(Math.round(share * (turn + 2)));
      await deliveries.reaches(Math.floor(share * (turn + 1)));
      const from = sharedClock();
      const trouble = await fault.happen({ fleet }, turn);
      happened.push({ name: fault.name, trouble: trouble ?? undefined, from, to: sharedClock() });
    }
    deliveries.allow(events);
    await deliveries.reaches(events);
    await deliveries.ended;
    const lost = () => lostOf(journal.entries('done'), HANDLERS, ids);
    await until(() => lost().length === 0, { withinMs: ALL_HANDLED_MS, everyMs: 500 }).catch(() => undefined);
    const queue = running.openQueue?.(queueName);
    if (queue) {
      cleanUps.push(() => queue.close());
      await drained(queue);
    }
    return {
      name: setup.name,
      events,
      faults: happened,
      taken: deliveries.taken,
      refused: deliveries.refused,
      lost: lost(),
      again: runAgain(journal.entries(), happened, LOCK_MS),
      failed: (await queue?.getJobCounts('failed'))?.['failed'] ?? 0,
      uncaught: journal.uncaught(),
      seconds: (performance.now() - startedAt) / 1_000,
    };
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  }
}

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppProcess, killAppProcesses, type AppConfig } from '../../chaos/support/app-process.js';
import { FaultyLine } from '../../chaos/support/faulty-line.js';
import { Journal } from '../../chaos/support/journal.js';
import { Load, timed } from '../../chaos/support/load.js';
import { OWN_STORES, type OwnStore } from '../../chaos/support/own-stores.js';
import { mountDisk, unmountDisk } from '../../chaos/support/small-disk.js';
import {
  backendsTerminated,
  clientsKilled,
  cut,
  diskFull,
  memoryFull,
  restarted,
  stalled,
} from '../../chaos/support/store-faults.js';
import { until } from '../../support/until.js';

const HANDLERS = ['steady', 'flaky'] as const;
const HANDLER_MS = 100;
/** A third of the default: what a process was about to get when its connection was cut waits for its lock to expire. */
const LOCK_MS = 10_000;
/** Events that are acknowledged before the fault, and after it. */
const BEFORE = 200;
const AFTER = 100;
const FAULT_MS = 4_000;
const NEEDS_DISK = diskFull(FAULT_MS).name;
const ANYWHERE = [restarted, cut, stalled];
/** In the order in which they happen. */
const FAULTS = {
  PostgreSQL: [...ANYWHERE, backendsTerminated, diskFull],
  Redis: [...ANYWHERE, memoryFull, clientsKilled, diskFull],
};

jest.setTimeout(120_000);

const rows: object[] = [];

afterAll(() => {
  const report = process.env['BENCH_REPORT'];
  if (report !== undefined) writeFileSync(report, JSON.stringify(rows));
});

describe.each(OWN_STORES)('$name', ({ name, make }) => {
  let store: OwnStore;
  let line: FaultyLine;
  let folder: string;
  let disk: string | undefined;
  let journal: Journal;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gemini-webhooks-disk-'));
    disk = mountDisk(folder);
    store = await make(disk);
    await store.start();
  });

  afterEach(async () => {
    await killAppProcesses();
    line.stop();
    journal.remove();
  });

  afterAll(async () => {
    await store.remove();
    if (disk !== undefined) unmountDisk(disk);
    rmSync(folder, { recursive: true });
  });

  it.each(FAULTS[name].map((fault) => fault(FAULT_MS)))('$name', async (fault) => {
    const row = { what: `${name}: ${fault.name}`, target: '0 lost, 0 again' };
    journal = new Journal();
    line = new FaultyLine(store.url);
    if (fault.name === NEEDS_DISK && disk === undefined) {
      rows.push({ ...row, beside: 'not run: no file system may be mounted here', value: '' });
      return;
    }
    const inbox = {
      url: await line.start(),
      queueName: `fault-${randomUUID()}`,
      concurrency: 16,
      lockDurationMs: LOCK_MS,
      backoff: { type: 'fixed', delay: 50 },
    } as const;
    const both: AppConfig = { journal, inbox };
    const web = await AppProcess.start({ ...both, inbox: { ...inbox, workers: false } });
    const worker = await AppProcess.start({ ...both, receives: false, handlerMs: HANDLER_MS });
    await until(async () => (await timed(web.origin, 'batch_0')).status === 202);
    const load = new Load(web.origin, { atOnce: 2 });
    await load.more(BEFORE, 202);
    const faultAt = performance.now();
    await fault.happen({ store, line, disk }, 0);
    const endedAt = performance.now();
    await load.more(AFTER, 202);
    await load.stop();
    const missing = () => {
      const counts = HANDLERS.map((handler) => journal.counts('done', handler));
      return load.acknowledged.filter((id) => counts.some((done) => !done.has(id)));
    };
    // What is lost never comes: the table shall say how many.
    await until(() => missing().length === 0, { withinMs: 60_000, everyMs: 100 }).catch(() => undefined);

    const handledAt = performance.now();
    const { acknowledged, answers } = load;
    const lost = missing().length;
    const again = HANDLERS.flatMap((handler) => [...journal.counts('done', handler).values()]).filter(
      (runs) => runs > 1,
    ).length;
    const refused = answers.filter(({ status }) => status !== 202);
    const refusedMs = refused.length > 0 ? refused.at(-1)!.at - refused[0]!.at : 0;
    const firstTaken = answers.find(({ at, status }) => at > endedAt && status === 202)!;
    const others = new Set(refused.map(({ status }) => status));
    rows.push({
      ...row,
      beside: `${answers.length} sent, ${acknowledged.length} × 202, ${lost} lost, ${again} run again`,
      value: `${[...others].join('/') || 'no 503'} for ${seconds(refusedMs)} of ${seconds(endedAt - faultAt)}, 202 after ${seconds(firstTaken.at - endedAt)}, all handled after ${seconds(handledAt - endedAt)}`,
      met: lost === 0 && again === 0,
    });
    expect([web.alive, worker.alive]).toEqual([true, true]);
    expect(journal.uncaught()).toEqual([]);
    expect({ lost, again }).toEqual({ lost: 0, again: 0 });
  });
});

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

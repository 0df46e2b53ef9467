import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { drained, openQueue, type InspectedQueue } from '../support/queues.js';
import { deliver } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { AppProcess, killAppProcesses, type AppConfig } from './support/app-process.js';
import { times } from './support/counts.js';
import { Journal } from './support/journal.js';
import { each, idsOf, timed } from './support/load.js';

const EVENTS = times(200, 2_000);
const KILLS = times(2, 10);
const CONCURRENCY = 16;

jest.setTimeout(400_000);

describe.each(STORES)('worker processes killed by SIGKILL, on $name', ({ url }) => {
  let journal: Journal;
  let queue: InspectedQueue;
  let worker: Omit<AppConfig, 'handlerMs'>;
  let web: AppProcess;

  beforeEach(async () => {
    journal = new Journal();
    const queueName = `killed-${randomUUID()}`;
    queue = openQueue(url, queueName);
    const inbox = { url, queueName, lockDurationMs: 1_000, backoff: { type: 'fixed', delay: 50 }, attempts: 10 };
    worker = { journal, receives: false, inbox: { ...inbox, concurrency: CONCURRENCY } };
    web = await AppProcess.start({ journal, inbox: { ...inbox, workers: false } });
    await until(async () => (await deliver(web.origin, { id: 'batch_0' })).status === 202);
  });

  afterEach(async () => {
    await killAppProcesses();
    await queue.close();
    journal.remove();
  });

  it(`${KILLS} times while handlers run lose none of ${EVENTS} events and rerun only interrupted handlers`, async () => {
    const ids = idsOf(EVENTS);
    const statuses = new Set<number>();
    const sent = each(ids, 16, async (id) => statuses.add((await timed(web.origin, id)).status));
    let running = await AppProcess.start({ ...worker, handlerMs: 20 });
    let cut = 0;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await until(
        () => journal.entries('done').length >= (2 * EVENTS * kill) / (KILLS + 1) && journal.cutIn(running.pid) > 0,
      );
      await running.end('SIGKILL');
      cut += journal.cutIn(running.pid);
      running = await AppProcess.start({ ...worker, handlerMs: 20 });
    }
    await sent;
    await drained(queue);

    expect([...statuses]).toEqual([202]);
    const all = new Set([...ids, 'batch_0']);
    const steady = journal.counts('done', 'steady');
    const flaky = journal.counts('done', 'flaky');
    expect(new Set(steady.keys())).toEqual(all);
    expect(new Set(flaky.keys())).toEqual(all);
    const extra = { steady: extraRuns(steady), flaky: extraRuns(flaky) };
    expect(extra.steady).toBeLessThanOrEqual(KILLS * CONCURRENCY);
    expect(extra.flaky).toBeLessThanOrEqual(KILLS * CONCURRENCY);
    expect(cut).toBeGreaterThanOrEqual(KILLS);
    expect(await queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: all.size });
    expect(journal.uncaught()).toEqual([]);
  });
});

function extraRuns(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count - 1, 0);
}

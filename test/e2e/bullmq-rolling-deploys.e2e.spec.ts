import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { GeminiEvent } from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import {
  closeWorkers,
  deliverUntilTaken,
  handlerOf,
  removeTestQueues,
  startDurableApp,
  startWorker,
  testQueue,
} from '../support/durable.js';
import { drained } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

afterEach(async () => {
  await closeApps();
  await closeWorkers();
  await removeTestQueues();
});

const EVENTS = Array.from({ length: 100 }, (_, index) => `batch_${index}`);
const isProbe = (id: string) => id.startsWith('probe');
const counted = (ids: readonly string[]) =>
  ids.filter((id) => EVENTS.includes(id)).toSorted((a, b) => EVENTS.indexOf(a) - EVENTS.indexOf(b));
const idOf = ({ data }: GeminiEvent) => (data as { id: string }).id;

/** A handler that records its events and attempts. */
function keeping(name: string) {
  const ids: string[] = [];
  const attempts = new Set<number>();
  const provider = handlerOf(name, (event, { attempt }) => {
    ids.push(idOf(event));
    attempts.add(attempt);
  });
  return { ids, attempts, provider };
}

/** Resolves when the workers of these ids have started. Each one is known to those that started earlier. */
async function live(origin: string, ...workers: readonly (readonly string[])[]): Promise<void> {
  const haveBegun = () => workers.every((ids) => ids.some(isProbe));
  for (let probe = 0; !haveBegun(); probe += 1) {
    await deliverUntilTaken(origin, { id: `probe_${probe}` });
    await until(haveBegun, { withinMs: 250 }).catch(() => undefined);
  }
}

describe.each(STORES)('processes with different handlers on one queue on $name', ({ url }) => {
  it('run each handler once for every event during a rolling deploy', async () => {
    const queue = testQueue(url);
    const [oldA, newA, newB] = [keeping('a'), keeping('a'), keeping('b')];
    const old = await startDurableApp(queue, [oldA.provider]);
    await deliverUntilTaken(old.origin, { id: 'before' });
    await until(() => oldA.ids.length === 1);
    const young = await startDurableApp(queue, [newA.provider, newB.provider]);
    await live(young.origin, newB.ids);

    await Promise.all(EVENTS.map((id, index) => deliverUntilTaken((index % 2 === 0 ? old : young).origin, { id })));
    await drained(queue.queue);

    expect(counted(newB.ids)).toEqual(EVENTS);
    expect(counted([...oldA.ids, ...newA.ids])).toEqual(EVENTS);
    expect(counted(oldA.ids).length).toBeGreaterThan(0);
    expect([...oldA.attempts, ...newA.attempts, ...newB.attempts].every((attempt) => attempt === 1)).toBe(true);
    expect(await queue.queue.getJobCounts('failed')).toEqual({ failed: 0 });
  });

  it('run their own handlers if they have none in common', async () => {
    const queue = testQueue(url);
    const [a, b] = [keeping('a'), keeping('b')];
    const one = await startDurableApp(queue, [a.provider]);
    await startWorker(queue, [b.provider]);
    await live(one.origin, a.ids, b.ids);

    await Promise.all(EVENTS.map((id) => deliverUntilTaken(one.origin, { id })));
    await drained(queue.queue);

    for (const { ids } of [a, b]) expect(counted(ids)).toEqual(EVENTS);
    expect([...a.attempts, ...b.attempts].every((attempt) => attempt === 1)).toBe(true);
  });

  it('hand off an event and its retries without using up an attempt', async () => {
    const queue = testQueue(url);
    const a = keeping('a');
    const attempts: number[] = [];
    const probes: string[] = [];
    const flaky = handlerOf('flaky', (event, { attempt }) => {
      if (isProbe(idOf(event))) return void probes.push(idOf(event));
      attempts.push(attempt);
      if (attempt < 3) throw new Error('not yet');
    });
    const web = await startDurableApp(queue, [flaky]);
    await startWorker(queue, [a.provider]);
    await live(web.origin, probes, a.ids);

    await deliverUntilTaken(web.origin, { id: EVENTS[0]! });
    await drained(queue.queue);

    expect(attempts).toEqual([1, 2, 3]);
    expect(counted(a.ids)).toEqual([EVENTS[0]]);
    expect(await queue.queue.getJobCounts('failed')).toEqual({ failed: 0 });
  });

  it('do not wait for a worker that has left', async () => {
    const queue = testQueue(url);
    const [a, b] = [keeping('a'), keeping('b')];
    const staying = await startDurableApp(queue, [a.provider]);
    const leaving = await startWorker(queue, [b.provider]);
    await live(staying.origin, a.ids, b.ids);
    await drained(queue.queue);

    await leaving.close();
    await deliverUntilTaken(staying.origin, { id: 'after' });
    await drained(queue.queue);

    const jobs = await queue.queue.getJobs(['completed']);
    const after = jobs.find(({ data }) => (data as { key: string }).key.includes('after'));
    expect(after).toBeDefined();
    expect(after?.progress).not.toHaveProperty('waitingSince');
  });
});

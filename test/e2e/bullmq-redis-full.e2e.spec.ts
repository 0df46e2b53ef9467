import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { firstValueFrom } from 'rxjs';
import { GeminiEventBus } from '../../lib/index.js';
import { OWN_STORES, type OwnStore } from '../chaos/support/own-stores.js';
import { closeApps } from '../support/apps.js';
import { deferred } from '../support/deferred.js';
import { ACCEPTED, closeWorkers, handlerOf, removeTestQueues, startDurableApp, testQueue } from '../support/durable.js';
import { drained } from '../support/queues.js';
import { deliver } from '../support/static-webhooks.js';
import { until } from '../support/until.js';

const EVENTS = 10;
/** An attempt retries a failing store for up to 0.4 of this. */
const LOCK_MS = 30_000;
/** Far less than the retries take. */
const AT_ONCE_MS = 6_000;
const FILLER_BYTES = 8_000_000;
const CHUNK_BYTES = 8_000;

jest.setTimeout(60_000);

describe.each(OWN_STORES.filter(({ name }) => name === 'Redis'))('a full $name', ({ make }) => {
  let store: OwnStore;
  let admin: Redis;

  beforeEach(async () => {
    store = await make();
    await store.start();
    admin = new Redis(store.url);
  });

  afterEach(async () => {
    await admin.del('filler');
    await closeApps();
    await closeWorkers();
    await removeTestQueues();
    admin.disconnect();
    await store.remove();
  });

  /** Fills the server beyond its limit. Removing the filler frees more memory than the test needs. */
  const fill = async () => {
    await admin.rpush('filler', ...Array.from({ length: FILLER_BYTES / CHUNK_BYTES }, () => 'x'.repeat(CHUNK_BYTES)));
    const [, used] = /used_memory:(\d+)/.exec(await admin.info('memory'))!;
    await admin.config('SET', 'maxmemory', String(Number(used) - FILLER_BYTES / 4));
    await expect(admin.set('more', '1')).rejects.toThrow('OOM');
  };

  it('completes events with successful handlers at once, running each handler once', async () => {
    const queue = testQueue(store.url);
    const runs = new Map<string, number>();
    const going = deferred();
    const handler = handlerOf('steady', async ({ data }) => {
      const { id } = data as { id: string };
      runs.set(id, (runs.get(id) ?? 0) + 1);
      await going.promise;
    });
    const { app, origin } = await startDurableApp(queue, [handler], { lockDurationMs: LOCK_MS });
    const failures: unknown[] = [];
    app.get(GeminiEventBus).failures$.subscribe((failure) => failures.push(failure));
    for (let event = 0; event < EVENTS; event += 1)
      expect(await deliver(origin, { id: `batch_${event}` })).toMatchObject(ACCEPTED);
    await until(() => runs.size === EVENTS);

    await fill();
    going.resolve();
    await until(async () => (await queue.queue.getJobCounts('completed'))['completed'] === EVENTS, {
      withinMs: AT_ONCE_MS,
    });
    expect(await deliver(origin, { id: 'batch_full' })).toMatchObject({ status: 503 });
    await admin.del('filler');
    await until(async () => (await deliver(origin, { id: 'batch_full' })).status === 202);
    await drained(queue.queue);

    expect([...runs.values()]).toEqual(Array.from({ length: EVENTS + 1 }, () => 1));
    expect(failures).toEqual([]);
  });

  it('remembers which handler of an event succeeded while another is retried', async () => {
    const queue = testQueue(store.url);
    const runs = { steady: 0, shaky: 0 };
    const going = deferred();
    const steady = handlerOf('steady', async () => {
      runs.steady += 1;
      await going.promise;
    });
    const shaky = handlerOf('shaky', async () => {
      runs.shaky += 1;
      await going.promise;
      if (runs.shaky === 1) throw new Error('not yet');
    });
    const { app, origin } = await startDurableApp(queue, [steady, shaky], { lockDurationMs: LOCK_MS });
    const failed = firstValueFrom(app.get(GeminiEventBus).failures$);
    expect(await deliver(origin)).toMatchObject(ACCEPTED);
    await until(() => runs.steady === 1 && runs.shaky === 1);

    await fill();
    going.resolve();
    await failed;
    await admin.del('filler');
    await drained(queue.queue);

    expect(runs).toEqual({ steady: 1, shaky: 2 });
  });
});

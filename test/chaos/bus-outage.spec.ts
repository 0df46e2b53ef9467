import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { GeminiEventBus, type GeminiEvent } from '../../lib/index.js';
import { closeApps, type RunningApp } from '../support/apps.js';
import { closeWorkers, deliverUntilTaken, startDurableApp, type TestQueue } from '../support/durable.js';
import { until } from '../support/until.js';
import { OWN_STORES, type OwnStore } from './support/own-stores.js';

jest.setTimeout(120_000);

let store: OwnStore | undefined;

afterEach(async () => {
  await closeApps();
  await closeWorkers();
  await store?.remove();
});

/** Resource ids of the events that a process receives. */
function heardBy({ app }: RunningApp): string[] {
  const ids: string[] = [];
  app.get(GeminiEventBus).events$.subscribe(({ data }: GeminiEvent) => ids.push((data as { id: string }).id));
  return ids;
}

describe.each(OWN_STORES)('the bus of two processes after an outage of their store on $name', ({ make }) => {
  it('delivers each event once to both again, whichever process received it', async () => {
    store = await make();
    await store.start();
    const queue = { url: store.url, name: 'outage' } as TestQueue;
    const apps = await Promise.all([startDurableApp(queue, []), startDurableApp(queue, [])]);
    const heard = apps.map(heardBy);
    const [one, other] = apps as [RunningApp, RunningApp];
    const bothHear = (id: string, withinMs = 30_000) =>
      until(() => heard.every((ids) => ids.includes(id)), { withinMs });
    // A process that is not connected yet misses events, so events are sent until both have received one.
    const bothListen = async (when: string) => {
      for (let probe = 0; !heard.every((ids) => ids.some((id) => id.startsWith(when))); probe += 1) {
        await deliverUntilTaken(one.origin, { id: `${when}_${probe}` });
        await bothHear(`${when}_${probe}`, 500).catch(() => undefined);
      }
    };
    await bothListen('before');

    await store.stop();
    await store.start();
    await bothListen('probe');
    for (const [id, { origin }] of [
      ['by_one', one],
      ['by_the_other', other],
    ] as const) {
      await deliverUntilTaken(origin, { id });
      await bothHear(id);
    }

    for (const ids of heard) expect(ids.length).toBe(new Set(ids).size);
  });
});

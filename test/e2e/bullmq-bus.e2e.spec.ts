import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { GeminiEventBus, type GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import {
  deliverUntilTaken,
  handlerOf,
  inboxOn,
  removeTestQueues,
  startDurableApp,
  testQueue,
  type TestQueue,
} from '../support/durable.js';
import { drained } from '../support/queues.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const EVENTS = 10_000;
const IN_FLIGHT = 32;
const idOf = ({ data }: GeminiEvent) => (data as { id: string }).id;

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
});

/** Apps whose buses hear each other. */
async function fleet(queue: TestQueue, handler = handlerOf('one')) {
  const apps = await Promise.all([1, 2, 3].map(() => startDurableApp(queue, [handler])));
  const members = apps.map(({ app, origin }) => {
    const bus = app.get(GeminiEventBus);
    const heard: string[] = [];
    bus.events$.subscribe((event) => void heard.push(idOf(event)));
    return { bus, origin, heard };
  });
  for (let probe = 0; !members.every(({ heard }) => heard.length > 0); probe += 1) {
    await deliverUntilTaken(members[0]!.origin, { id: `probe_${probe}` });
    await until(() => members.every(({ heard }) => heard.length > 0), { withinMs: 250 }).catch(() => undefined);
  }
  await drained(queue.queue);
  return members;
}

describe.each(STORES)('the bus of three processes on $name', ({ url }) => {
  it(`tells each of them each of ${EVENTS} events once, in a burst`, async () => {
    const queue = testQueue(url);
    const members = await fleet(queue);
    const ids = Array.from({ length: EVENTS }, (_, index) => `batch_${index}`);

    const left = ids.entries();
    const send = async () => {
      for (const [index, id] of left) await deliverUntilTaken(members[index % 3]!.origin, { id });
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, send));
    await drained(queue.queue);

    const counted = ({ heard }: { heard: string[] }) => heard.filter((id) => id.startsWith('batch'));
    await until(() => members.every((member) => counted(member).length >= EVENTS)).catch(() => undefined);
    for (const member of members) {
      expect(counted(member)).toHaveLength(EVENTS);
      expect(new Set(counted(member)).size).toBe(EVENTS);
    }
  });

  it('ends a waitFor in a process that did not receive the webhook', async () => {
    const [receiving, ...others] = await fleet(testQueue(url));
    const waiting = others.map(({ bus }) =>
      bus.waitFor('batch.succeeded', { where: ({ data }) => data.id === 'awaited', timeoutMs: 20_000 }),
    );

    await deliverUntilTaken(receiving!.origin, { id: 'awaited', data: { output_file_uri: 'gs://out' } });

    for (const event of await Promise.all(waiting)) {
      expect(event).toMatchObject({ data: { id: 'awaited', output_file_uri: 'gs://out' } });
      expect(event.delivery.attemptedAt).toBeInstanceOf(Date);
    }
  });

  it('does not repeat an event whose handlers are tried again', async () => {
    const queue = testQueue(url);
    const attempts: number[] = [];
    const members = await fleet(
      queue,
      handlerOf('flaky', (event, { attempt }) => {
        if (idOf(event) !== 'again') return;
        attempts.push(attempt);
        if (attempt < 3) throw new Error('not yet');
      }),
    );

    await deliverUntilTaken(members[0]!.origin, { id: 'again' });
    await drained(queue.queue);
    await deliverUntilTaken(members[1]!.origin, { id: 'last' });
    await until(() => members.every(({ heard }) => heard.includes('last')));

    expect(attempts).toEqual([1, 2, 3]);
    for (const { heard } of members) expect(heard.filter((id) => id === 'again')).toEqual(['again']);
  });

  it('tells of an event that is larger than a message may be', async () => {
    const queue = testQueue(url);
    const start = () =>
      startApp(
        {
          imports: [staticWebhooks({ inbox: inboxOn(queue), bodyLimitBytes: 2_000_000 })],
          providers: [handlerOf('one')],
        },
        { adapter: ADAPTERS[0] },
      );
    const [one, two] = [await start(), await start()];
    const heard: number[] = [];
    two.app.get(GeminiEventBus).events$.subscribe(({ data }) => {
      if ('text' in data) heard.push(String(data['text']).length);
    });

    for (let copy = 0; heard.length === 0; copy += 1) {
      await deliverUntilTaken(one.origin, { id: `large_${copy}`, data: { text: 'x'.repeat(1_000_000) } });
      await until(() => heard.length > 0, { withinMs: 1_000 }).catch(() => undefined);
    }
    await drained(queue.queue);

    expect(heard[0]).toBe(1_000_000);
    expect(await queue.queue.getJobCounts('failed')).toEqual({ failed: 0 });
  });
});

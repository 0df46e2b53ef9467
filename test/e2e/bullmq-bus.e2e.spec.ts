import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { GeminiEventBus } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { busFleet, idOf } from '../support/bus-fleet.js';
import { deliverUntilTaken, handlerOf, inboxOn, removeTestQueues, testQueue } from '../support/durable.js';
import { drained } from '../support/queues.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
});

describe.each(STORES)('the bus of three processes on $name', ({ url }) => {
  it('ends a waitFor in a process that did not receive the webhook', async () => {
    const [receiving, ...others] = await busFleet(testQueue(url));
    const waiting = others.map(({ bus }) =>
      bus.waitFor('batch.succeeded', { where: ({ data }) => data.id === 'awaited', timeoutMs: 20_000 }),
    );

    await deliverUntilTaken(receiving!.origin, { id: 'awaited', data: { output_file_uri: 'gs://out' } });

    for (const event of await Promise.all(waiting)) {
      expect(event).toMatchObject({ data: { id: 'awaited', output_file_uri: 'gs://out' } });
      expect(event.delivery.attemptedAt).toBeInstanceOf(Date);
    }
  });

  it('does not repeat an event whose handlers are retried', async () => {
    const queue = testQueue(url);
    const attempts: number[] = [];
    const members = await busFleet(
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

  it('publishes an event that is too large for a message', async () => {
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

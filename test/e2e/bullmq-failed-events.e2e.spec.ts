import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GeminiFailedEvents, type GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deliverUntilTaken, handlerOf, removeTestQueues, startDurableApp, testQueue } from '../support/durable.js';
import { drained, type InspectedQueue } from '../support/queues.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
});

describe.each(STORES)('GeminiFailedEvents on $name', ({ url }) => {
  let runs: { steady: string[]; broken: string[] };
  let repaired: boolean;
  let failed: GeminiFailedEvents;
  let origin: string;
  let queue: InspectedQueue;

  const idOf = ({ data }: GeminiEvent) => (data as { id: string }).id;
  const fail = async (...what: { id: string; type?: string }[]) => {
    for (const one of what) {
      await deliverUntilTaken(origin, one);
      await drained(queue);
    }
  };

  beforeEach(async () => {
    runs = { steady: [], broken: [] };
    repaired = false;
    const opened = testQueue(url);
    queue = opened.queue;
    const providers = [
      handlerOf('steady', (event) => runs.steady.push(idOf(event))),
      handlerOf('broken', (event) => {
        runs.broken.push(idOf(event));
        if (!repaired) throw new Error('not yet');
      }),
    ];
    const running = await startDurableApp(opened, providers, { attempts: 2 });
    origin = running.origin;
    failed = running.app.get(GeminiFailedEvents);
    await until(() =>
      failed.list().then(
        () => true,
        () => false,
      ),
    );
  });

  it('lists them, the latest first, by type, time and page', async () => {
    await fail({ id: 'b1' }, { id: 'b2', type: 'batch.failed' }, { id: 'b3' });

    const all = await failed.list();
    const [third, second, first] = all;
    const ids = (events: typeof all) => events.map(({ event }) => event && idOf(event));

    expect(ids(all)).toEqual(['b3', 'b2', 'b1']);
    expect(second).toMatchObject({
      type: 'batch.failed',
      attempts: 2,
      handlers: { steady: 'succeeded' },
      reason: expect.stringContaining('broken'),
      failedAt: expect.any(Date),
    });
    expect(ids(await failed.list({ type: 'batch.succeeded' }))).toEqual(['b3', 'b1']);
    expect(ids(await failed.list({ before: third!.failedAt }))).toEqual(['b2', 'b1']);
    expect(ids(await failed.list({ after: first!.failedAt, type: 'batch.succeeded' }))).toEqual(['b3']);
    expect(ids(await failed.list({ offset: 1, limit: 1 }))).toEqual(['b2']);
    expect(await failed.list({ limit: 0 })).toEqual([]);
    expect(await failed.list({ offset: 3 })).toEqual([]);
  });

  it('returns one by id, and undefined for an event that has not failed', async () => {
    await fail({ id: 'b1' });
    const { id } = (await failed.list())[0]!;

    expect(await failed.get(id)).toEqual((await failed.list())[0]);
    expect(await failed.get('unheard-of')).toBeUndefined();
    repaired = true;
    await failed.replay(id);
    await drained(queue);
    expect(await failed.get(id)).toBeUndefined();
  });

  it('replays only the handlers that have not succeeded, with all their attempts', async () => {
    await fail({ id: 'b1' });
    const { id } = (await failed.list())[0]!;

    await failed.replay(id);
    await drained(queue);
    expect(runs).toEqual({ steady: ['b1'], broken: ['b1', 'b1', 'b1', 'b1'] });
    expect(await failed.get(id)).toMatchObject({ attempts: 2 });

    repaired = true;
    await failed.replay(id);
    await drained(queue);
    expect(runs).toEqual({ steady: ['b1'], broken: ['b1', 'b1', 'b1', 'b1', 'b1'] });
    expect(await failed.list()).toEqual([]);
  });

  it('replays every handler with from: start', async () => {
    await fail({ id: 'b1' });
    const { id } = (await failed.list())[0]!;
    repaired = true;

    await failed.replay(id, { from: 'start' });
    await drained(queue);

    expect(runs).toEqual({ steady: ['b1', 'b1'], broken: ['b1', 'b1', 'b1'] });
  });

  it('replays all matching events and returns their number', async () => {
    await fail({ id: 'b1' }, { id: 'b2', type: 'batch.failed' }, { id: 'b3' });
    repaired = true;

    expect(await failed.replayAll({ type: 'batch.succeeded' })).toBe(2);
    await drained(queue);

    expect((await failed.list()).map(({ type }) => type)).toEqual(['batch.failed']);
    expect(runs.steady).toEqual(['b1', 'b2', 'b3']);
    expect(await failed.replayAll({ from: 'start' })).toBe(1);
    await drained(queue);
    expect(runs.steady).toEqual(['b1', 'b2', 'b3', 'b2']);
  });

  it('replays all events once when two calls overlap', async () => {
    await fail(...Array.from({ length: 12 }, (_one, index) => ({ id: `b${index}` })));
    repaired = true;

    const [one, other] = await Promise.all([failed.replayAll(), failed.replayAll()]);
    await drained(queue);

    expect(one + other).toBeGreaterThanOrEqual(12);
    expect(await failed.list()).toEqual([]);
    expect(await queue.getJobCounts('completed', 'failed')).toEqual({ completed: 12, failed: 0 });
  });

  it('discards one without running it and keeps its key in use', async () => {
    await fail({ id: 'b1' });
    const { id } = (await failed.list())[0]!;
    const before = structuredClone(runs);

    await failed.discard(id);
    await drained(queue);
    await fail({ id: 'b1' });

    expect(runs).toEqual(before);
    expect(await failed.list()).toEqual([]);
    expect(await queue.getJobCounts('completed', 'failed')).toEqual({ completed: 1, failed: 0 });
  });

  it('rejects replay and discard of an event that has not failed', async () => {
    const refusal = { code: 'invalid_argument', message: expect.stringContaining('"unheard-of"') };

    await expect(failed.replay('unheard-of')).rejects.toMatchObject(refusal);
    await expect(failed.discard('unheard-of')).rejects.toMatchObject(refusal);
  });

  it('fails data of another version at once, and the worker continues', async () => {
    for (const data of [{ v: 99, payload: 1 }, { v: 1 }, { v: 1, key: 'k', body: '!' }, null, [], 'text'])
      await queue.add('batch.succeeded', data, { attempts: 5 });
    await drained(queue);
    repaired = true;
    await fail({ id: 'b1' });

    const kept = await failed.list();
    expect(kept).toHaveLength(6);
    for (const one of kept) expect(one).toMatchObject({ type: 'batch.succeeded', event: undefined, attempts: 1 });
    expect(kept.map(({ reason }) => reason)).toContainEqual(expect.stringContaining('version 99'));
    expect(runs).toEqual({ steady: ['b1'], broken: ['b1'] });

    await failed.discard(kept[0]!.id);
    await drained(queue);
    expect(await failed.list()).toHaveLength(5);
  });
});

describe('GeminiFailedEvents on the inline inbox', () => {
  it('reports that Gemini keeps them', async () => {
    const { app } = await startApp({ imports: [staticWebhooks()] }, { adapter: ADAPTERS[0] });
    const failed = app.get(GeminiFailedEvents);

    const calls = [
      () => failed.list(),
      () => failed.get('1'),
      () => failed.replay('1'),
      () => failed.replayAll(),
      () => failed.discard('1'),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        code: 'invalid_argument',
        message: expect.stringMatching(/Gemini keeps them.*bullmqInbox/),
      });
    }
  });
});

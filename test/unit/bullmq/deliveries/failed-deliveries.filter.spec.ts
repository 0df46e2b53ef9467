import { beforeEach, describe, expect, it } from '@jest/globals';
import { FailedDeliveries } from '../../../../lib/bullmq/deliveries/failed-deliveries.js';
import { deliveryJobId } from '../../../../lib/bullmq/store/delivery-job.js';
import type { FailedEventsFilter } from '../../../../lib/inbox/failed-events.js';
import { FailedSet } from '../../../support/failed-set.js';

let set: FailedSet;
let failed: FailedDeliveries;

beforeEach(() => {
  set = new FailedSet();
  failed = new FailedDeliveries(async () => set.jobs);
});

const idsOf = async (filter: Parameters<FailedDeliveries['list']>[0]) =>
  (await failed.list(filter)).map(({ id }) => id);
const down = new Error('Connection is closed');

describe('one failed event', () => {
  it('has its event, its handlers and why it failed', async () => {
    set.fail(1, 'batch.succeeded', undefined, { handlers: { broken: 'failed' }, unfinished: ['flaky'] });
    const [id = ''] = set.ids;

    expect(await failed.get(id)).toEqual({
      id,
      type: 'batch.succeeded',
      event: expect.objectContaining({ type: 'batch.succeeded' }),
      handlers: { broken: 'failed' },
      unfinished: ['flaky'],
      attempts: 3,
      reason: 'no',
      failedAt: new Date(1),
    });
    expect(await failed.get('unknown')).toBeUndefined();
  });

  it('is listed with the name of its job if another version stored its data', async () => {
    set.fail(1, 'batch.failed');
    set.change({ data: { v: 99 } as never, failedReason: undefined as never, finishedOn: undefined as never });

    expect(await failed.list()).toEqual([
      expect.objectContaining({ type: 'batch.failed', event: undefined, reason: '', failedAt: new Date(1) }),
    ]);
    expect(await idsOf({ type: 'batch.failed' })).toEqual(set.ids);
    expect(await idsOf({ type: 'batch.succeeded' })).toEqual([]);
  });

  it.each(['replay', 'discard'] as const)('that is not there cannot be changed (%s)', async (method) => {
    const id = deliveryJobId('a key');
    await expect(failed[method](id)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: `There is no failed event "${id}".`,
    });
  });

  it.each(['replay', 'discard'] as const)('cannot be changed by the id of its delivery (%s)', async (method) => {
    await expect(failed[method]('msg_1')).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/no failed event "msg_1"\. An event has an id of "e".*log line/),
    });
  });

  it.each(['replay', 'discard'] as const)(
    'that has left the failed state meanwhile is not changed (%s)',
    async (method) => {
      set.fail(1);
      const [id = ''] = set.ids;
      set.meanwhile = () => set.pages.length > 0 && set.ids.length > 0 && set.take(id);

      await expect(failed[method](id)).rejects.toMatchObject({
        code: 'invalid_argument',
        message: `The event ${JSON.stringify(id)} is not failed any more.`,
      });
    },
  );

  it('keeps what its handlers have done when it is discarded', async () => {
    set.fail(1, 'batch.succeeded', undefined, { handlers: { a: 'succeeded' } });
    await failed.discard(set.ids[0]!);

    expect(set.progress).toEqual([{ handlers: { a: 'succeeded' }, discarded: true }]);
  });

  it.each([
    [undefined, { announced: true, handlers: { a: 'succeeded' } }],
    ['failed', { announced: true, handlers: { a: 'succeeded' } }],
    ['start', { announced: true, handlers: {}, generation: 1 }],
  ] as const)('is replayed from %s with nothing else in its progress', async (from, progress) => {
    const before = { announced: true, handlers: { a: 'succeeded' }, givenUpAt: 3 };
    set.fail(2, 'batch.succeeded', undefined, before);
    await failed.replay(set.ids[0]!, from && { from });
    await failed.replayAll(from && { from });

    expect(set.progress).toStrictEqual([progress, progress]);
  });

  it('is not published again only if it was published', async () => {
    set.fail(1);
    await failed.replay(set.ids[0]!);

    expect(set.progress).toStrictEqual([{ handlers: {} }]);
  });

  it('says that the store did not answer, and why', async () => {
    set.fail(1);
    set.meanwhile = () => {
      throw down;
    };
    const error = {
      code: 'inbox_unavailable',
      message: 'The store did not answer: Connection is closed.',
      cause: down,
    };

    await expect(failed.get('e1')).rejects.toMatchObject(error);
    await expect(failed.list()).rejects.toMatchObject(error);
    await expect(failed.replay('e1')).rejects.toMatchObject(error);
  });
});

describe('a filter of failed events', () => {
  beforeEach(() => set.fail(10));

  it.each<[FailedEventsFilter, number, number]>([
    [{ before: new Date(4) }, 7, 10],
    [{ after: new Date(4) }, 0, 6],
    [{ after: new Date(4), before: new Date(8) }, 3, 6],
    [{ after: new Date(0) }, 0, 10],
    [{ before: new Date(11) }, 0, 10],
    [{ type: undefined as never, before: undefined as never }, 0, 10],
  ])('selects times between the dates, without the dates: %j', async (filter, start, end) => {
    expect(await idsOf(filter)).toEqual(set.ids.slice(start, end));
    const selected = set.ids.slice(start, end);

    expect(await failed.replayAll(filter)).toBe(end - start);
    expect(set.retried.toSorted()).toEqual(selected.toSorted());
  });

  it.each<[FailedEventsFilter, object]>([
    [{}, {}],
    [{ type: 'batch.failed' }, { name: 'batch.failed' }],
    [
      { before: new Date(7), after: new Date(5) },
      { before: 7, after: 5 },
    ],
  ])('is applied by the store too: %j', async (filter, given) => {
    await failed.list(filter);
    await failed.discardAll(filter);

    expect(set.filters.length).toBeGreaterThan(1);
    for (const one of set.filters) expect(one).toStrictEqual(given);
  });

  it.each([
    [{ limit: 0 }, 0, 0],
    [{ limit: 0, after: new Date(0) }, 0, 0],
    [{ limit: 3 }, 0, 3],
    [{ offset: 8 }, 8, 10],
    [{ offset: 4, limit: 2, after: new Date(0) }, 4, 6],
    [{ offset: 8, limit: 4, after: new Date(0) }, 8, 10],
  ])('is paged: %j', async (filter, start, end) => {
    expect(await idsOf(filter)).toStrictEqual(set.ids.slice(start, end));
  });

  it('says what is wrong with a number or a date', async () => {
    await expect(failed.list({ limit: -1 })).rejects.toThrow('`limit` must be a whole number of at least 0.');
    await expect(failed.list({ before: new Date(Number.NaN) })).rejects.toThrow('`before` is not a valid date.');
  });
});

describe('many failed events', () => {
  it('are read 5,000 ids at a time, to the last', async () => {
    set.fail(5_001);

    expect(await idsOf({ limit: Infinity })).toEqual(set.ids);
    expect(await idsOf({ offset: 4_999, limit: 10 })).toEqual(set.ids.slice(4_999));
    expect(await idsOf({ limit: 5_001 })).toHaveLength(5_001);
  });

  it('are read up to the limit, and no further', async () => {
    set.fail(5_010);
    await failed.list({ limit: 5_001 });

    expect(set.pages.reduce((sum, page) => sum + page, 0)).toBe(5_001);
  });

  it('asks the store for nothing when there are none', async () => {
    expect(await failed.list()).toEqual([]);
    expect(await failed.replayAll()).toBe(0);
    expect(await failed.replayAll({ type: 'batch.failed' })).toBe(0);
    expect(set.pages).toEqual([]);
    expect(set.retried).toEqual([]);
  });
});

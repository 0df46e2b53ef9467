import { beforeEach, describe, expect, it } from '@jest/globals';
import { FailedDeliveries } from '../../../../lib/bullmq/deliveries/failed-deliveries.js';
import { FailedSet } from '../../../support/failed-set.js';

describe('replaying all failed events', () => {
  let set: FailedSet;
  let failed: FailedDeliveries;

  beforeEach(() => {
    set = new FailedSet();
    failed = new FailedDeliveries(async () => set.jobs);
  });

  it('replays each event once while another process replays some of them', async () => {
    set.fail(450);
    const discarded = set.ids.slice(0, 200);
    const rest = set.ids.slice(200);
    set.meanwhile = () => {
      for (const id of discarded.splice(0)) set.take(id);
    };

    expect(await failed.replayAll()).toBe(250);
    expect(set.retried.toSorted()).toEqual(rest.toSorted());
  });

  it('replays each event once while other events fail', async () => {
    set.fail(450);
    const present = [...set.ids];
    let more = 300;
    set.meanwhile = () => set.fail(more--);

    expect(await failed.replayAll()).toBe(450);
    expect(set.retried.toSorted()).toEqual(present.toSorted());
  });

  it('skips events that do not match the filter', async () => {
    set.fail(60);
    set.fail(60, 'batch.failed');

    expect(await failed.replayAll({ type: 'batch.failed' })).toBe(60);
    expect(set.ids).toHaveLength(60);
  });

  it('skips events that another process replays at the same moment', async () => {
    set.fail(3);
    const [first] = set.ids;
    set.meanwhile = () => set.pages.length > 0 && set.take(set.ids[0]!);

    expect(await failed.replayAll()).toBe(2);
    await expect(failed.replay(first!)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('stops when the store fails', async () => {
    set.fail(3);
    set.refusal = new Error('Connection is closed.');

    await expect(failed.replayAll()).rejects.toMatchObject({ code: 'inbox_unavailable', cause: set.refusal });
  });

  it.each([
    ['failed', { handlers: { steady: 'succeeded' }, unfinished: ['flaky', 'broken'] }],
    ['start', { handlers: {}, unfinished: ['flaky', 'broken'] }],
  ] as const)(
    'keeps the names of the handlers that have not succeeded, from %s: no worker without them may complete it',
    async (from, progress) => {
      const handlers = { steady: 'succeeded', broken: 'failed' };
      set.fail(1, 'batch.succeeded', undefined, { handlers, unfinished: ['flaky'], givenUpAt: 3 });

      await failed.replayAll({ from });
      expect(set.progress).toMatchObject([progress]);
      expect(set.progress).not.toMatchObject([{ givenUpAt: 3 }]);
    },
  );

  it.each([
    ['start', {}, 1],
    ['start', { generation: 1 }, 2],
    ['failed', {}, undefined],
    ['failed', { generation: 1 }, 1],
  ] as const)(
    'from %s with the progress %j has generation %p: only "start" claims effects anew',
    async (from, progress, generation) => {
      set.fail(2, 'batch.succeeded', undefined, progress);

      await failed.replay(set.ids[0]!, { from });
      await failed.replayAll({ from });
      expect(set.progress).toHaveLength(2);
      expect(set.progress.map((one) => (one as { generation?: number }).generation)).toEqual([generation, generation]);
    },
  );

  it('does not replay an event twice if it fails again during the run', async () => {
    set.fail(450);
    const present = [...set.ids];
    set.meanwhile = () => {
      for (const id of set.retried) if (!set.ids.includes(id)) set.ids.unshift(id);
    };

    expect(await failed.replayAll()).toBe(450);
    expect(set.retried.toSorted()).toEqual(present.toSorted());
  });

  it('reports a single event in the singular', async () => {
    set.fail(501);
    set.accepted = 1;
    set.refusal = new Error('Connection is closed.');
    set.meanwhile = () => {
      set.ids.splice(0, 499);
      set.meanwhile = () => undefined;
    };

    await expect(failed.replayAll()).rejects.toMatchObject({
      message: expect.stringContaining(' 1 event was replayed before: repeat the call'),
    });
  });

  it('reports how many events it replayed before the store failed, and replays the rest when called again', async () => {
    set.fail(850);
    set.accepted = 1;
    set.refusal = new Error('Connection is closed.');

    await expect(failed.replayAll()).rejects.toMatchObject({
      message: expect.stringContaining('500 events were replayed'),
    });
    set.refusal = undefined;
    expect(await failed.replayAll()).toBe(350);
    expect(new Set(set.retried).size).toBe(850);
  });

  it('reads smaller pages when events are large and bigger ones when they are small', async () => {
    set.fail(1_000);
    await failed.list({ limit: 1_000 });
    expect(set.pages).toEqual([100, 400, 500]);

    set.fail(150, 'batch.succeeded', 'x'.repeat(300_000));
    set.pages.length = 0;
    await failed.list({ limit: 150 });
    expect(set.pages[0]).toBe(100);
    expect(Math.max(...set.pages.slice(1))).toBeLessThan(20);
  });
});

describe('discarding all failed events', () => {
  let set: FailedSet;
  let failed: FailedDeliveries;

  beforeEach(() => {
    set = new FailedSet();
    failed = new FailedDeliveries(async () => set.jobs);
  });

  it('discards those that match and keeps what their handlers have done', async () => {
    set.fail(2, 'batch.succeeded', undefined, { handlers: { steady: 'succeeded', broken: 'failed' } });
    set.fail(3, 'batch.failed');

    expect(await failed.discardAll({ type: 'batch.succeeded' })).toBe(2);
    expect(set.ids).toHaveLength(3);
    const discarded = { discarded: true, handlers: { steady: 'succeeded', broken: 'failed' } };
    expect(set.progress).toEqual([discarded, discarded]);
  });

  it('reports how many events it discarded before the store failed', async () => {
    set.fail(850);
    set.accepted = 1;
    set.refusal = new Error('Connection is closed.');

    await expect(failed.discardAll()).rejects.toMatchObject({
      code: 'inbox_unavailable',
      message: expect.stringContaining('500 events were discarded'),
    });
  });
});

describe.each(['replayAll', 'discardAll'] as const)('%s with a signal', (method) => {
  it('finishes the events in progress when it is aborted, and returns how many', async () => {
    const set = new FailedSet();
    const failed = new FailedDeliveries(async () => set.jobs);
    const stop = new AbortController();
    set.fail(850);
    set.meanwhile = () => set.pages.length > 0 && stop.abort();

    expect(await failed[method]({ signal: stop.signal })).toBe(500);
    expect(set.retried).toHaveLength(500);
  });
});

describe('listing failed events', () => {
  const idsOf = async (events: Promise<readonly { id: string }[]>) => (await events).map(({ id }) => id);
  let set: FailedSet;
  let failed: FailedDeliveries;

  beforeEach(() => {
    set = new FailedSet();
    failed = new FailedDeliveries(async () => set.jobs);
  });

  it.each([{}, { type: undefined as never }])('reads only the requested page without a filter: %j', async (filter) => {
    set.fail(1_000);

    expect(await idsOf(failed.list({ ...filter, offset: 900, limit: 10 }))).toEqual(set.ids.slice(900, 910));
    expect(set.pages).toEqual([10]);
  });

  it('counts only matching events across pages', async () => {
    set.fail(400);
    set.fail(400, 'batch.failed');
    const matching = set.ids.slice(400);

    expect(await idsOf(failed.list({ type: 'batch.succeeded', offset: 390, limit: 50 }))).toEqual(matching.slice(390));
    expect(await idsOf(failed.list({ type: 'batch.succeeded', limit: Infinity }))).toEqual(matching);
  });

  it('names the handlers that have not completed', async () => {
    const handlers = { steady: 'succeeded', broken: 'failed' };
    set.fail(1, 'batch.succeeded', undefined, { handlers, unfinished: ['flaky', 'steady'] });
    set.fail(1);

    expect(await failed.list()).toMatchObject([
      { handlers: {}, unfinished: [] },
      { handlers, unfinished: ['flaky'] },
    ]);
  });

  it('stops at the first event that failed before the range', async () => {
    set.fail(1_000);

    expect(await idsOf(failed.list({ after: new Date(990) }))).toEqual(set.ids.slice(0, 10));
    expect(set.pages).toEqual([100]);
  });

  it('stops at an event that failed at the start of the range, which is not part of it', async () => {
    set.fail(1_000);

    expect(await idsOf(failed.list({ after: new Date(901) }))).toEqual(set.ids.slice(0, 99));
    expect(set.pages).toEqual([100]);
  });

  it.each([
    [{ offset: -1 }, 'offset'],
    [{ offset: 0.5 }, 'offset'],
    [{ limit: -1 }, 'limit'],
    [{ limit: Number.NaN }, 'limit'],
    [{ before: new Date('tomorrow-ish') }, 'before'],
    [{ after: new Date(Number.NaN) }, 'after'],
  ])('rejects %o', async (filter, name) => {
    await expect(failed.list(filter)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(name),
    });
  });
});

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  CompletedHandlersCache,
  type CompletedHandlers,
} from '../../../../lib/bullmq/deliveries/completed-handlers.js';
import { deferred } from '../../../support/deferred.js';

describe("a process' memory of completed handlers", () => {
  let cache: CompletedHandlersCache;
  let now: number;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'performance'] });
    now = 1_000;
    // The cache keeps the clock that it found when it was imported.
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    cache = new CompletedHandlersCache();
  });

  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const pass = (ms: number) => {
    now += ms;
    jest.advanceTimersByTime(ms);
  };
  const complete = (unwritten: boolean) => async (completed: CompletedHandlers) => {
    completed.handlers.set('a', 'succeeded');
    completed.unwritten = unwritten;
  };
  const known = (id = 'e1') => cache.run(id, async ({ handlers, unwritten }) => [handlers.has('a'), unwritten]);

  it('holds for the next attempt at the same event', async () => {
    await cache.run('e1', complete(false));

    expect(await known()).toEqual([true, false]);
    expect(await known('e2')).toEqual([false, false]);
  });

  it('ends a minute after the last attempt if the store has the checkpoint', async () => {
    await cache.run('e1', complete(false));
    pass(59_000);
    expect(await known()).toEqual([true, false]);

    pass(59_000);
    expect(await known()).toEqual([true, false]);
    pass(61_000);
    expect(await known()).toEqual([false, false]);
  });

  it('does not end while the store lacks the checkpoint', async () => {
    await cache.run('e1', complete(true));
    pass(3_600_000);

    expect(await known()).toEqual([true, true]);
  });

  it('does not end while an attempt runs', async () => {
    await cache.run('e1', complete(false));
    const running = deferred();
    const run = cache.run('e1', () => running.promise);
    const next = cache.run('e1', async ({ handlers }) => handlers.has('a'));
    pass(3_600_000);
    const last = cache.run('e1', async ({ handlers }) => handlers.has('a'));
    running.resolve();

    await run;
    expect([await next, await last]).toEqual([true, true]);
  });

  it('does not end after the first of two attempts while the second runs', async () => {
    const running = deferred();
    const first = cache.run('e1', complete(false));
    const second = cache.run('e1', () => running.promise);
    await first;
    pass(3_600_000);
    const third = cache.run('e1', async ({ handlers }) => handlers.has('a'));
    running.resolve();

    await second;
    expect(await third).toBe(true);
  });

  it('runs the attempts at an event one after another, also after one that failed', async () => {
    const order: string[] = [];
    const running = deferred();
    const first = cache.run('e1', async () => {
      order.push('first began');
      await running.promise;
      order.push('first ended');
      throw new Error('no');
    });
    const second = cache.run('e1', async () => void order.push('second'));
    await cache.run('e2', async () => void order.push('another event'));
    running.resolve();

    await expect(first).rejects.toThrow('no');
    await second;
    expect(order).toEqual(['first began', 'another event', 'first ended', 'second']);
  });

  it('ends when the event is finished, even while an attempt still runs', async () => {
    const running = deferred();
    const run = cache.run('e1', async (completed) => {
      await complete(false)(completed);
      await running.promise;
    });
    cache.forget(undefined);
    cache.forget('e1');
    running.resolve();
    await run;

    expect(await known()).toEqual([false, false]);
  });
});

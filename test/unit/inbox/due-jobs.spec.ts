import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DueJobs } from '../../../lib/inbox/due-jobs.js';
import { deferred, type Deferred } from '../../support/deferred.js';

const NOW = 1_000_000;

describe('DueJobs', () => {
  let called: [string, number][];
  let running: Map<string, Deferred>;
  let due: DueJobs;

  beforeEach(() => {
    jest.useFakeTimers({ now: NOW, doNotFake: ['nextTick', 'queueMicrotask'] });
    called = [];
    running = new Map();
    due = new DueJobs(2, (id, at) => {
      called.push([id, at - NOW]);
      const work = deferred();
      running.set(id, work);
      return work.promise;
    });
  });

  afterEach(() => {
    due.close();
    jest.useRealTimers();
  });

  const finish = async (id: string) => {
    running.get(id)!.resolve();
    await jest.advanceTimersByTimeAsync(0);
  };
  const schedule = (...jobs: [string, number][]) => {
    for (const [id, inMs] of jobs) due.schedule(id, NOW + inMs);
  };

  it('sets no timer once it is closed', () => {
    due.close();

    schedule(['late', 100]);

    expect(jest.getTimerCount()).toBe(0);
  });

  it('calls back for each job when it is due, in the order of their times, with one timer', async () => {
    schedule(['late', 300], ['first', 100], ['second', 200]);
    expect(jest.getTimerCount()).toBe(1);

    await jest.advanceTimersByTimeAsync(99);
    expect(called).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(called).toEqual([['first', 100]]);
    await finish('first');
    await jest.advanceTimersByTimeAsync(100);
    expect(called.at(-1)).toEqual(['second', 200]);
    await jest.advanceTimersByTimeAsync(100);
    expect(called.map(([id]) => id)).toEqual(['first', 'second', 'late']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('works on as many jobs at a time as it may, and goes on when one is done', async () => {
    schedule(['a', 0], ['b', 0], ['c', 0], ['d', 0]);
    await jest.advanceTimersByTimeAsync(0);
    expect(called.map(([id]) => id).toSorted()).toEqual([...running.keys()].toSorted());
    expect(called).toHaveLength(2);
    expect(jest.getTimerCount()).toBe(0);

    await finish(called[0]![0]);
    expect(called).toHaveLength(3);
    await finish(called[1]![0]);
    expect(called).toHaveLength(4);
  });

  it('waits for the next job while it works on one', async () => {
    schedule(['a', 0], ['b', 50]);
    await jest.advanceTimersByTimeAsync(0);
    expect(jest.getTimerCount()).toBe(1);

    await jest.advanceTimersByTimeAsync(50);
    expect(called).toEqual([
      ['a', 0],
      ['b', 50],
    ]);
  });

  it('goes on after work that failed', async () => {
    const failing = new DueJobs(1, async (id) => {
      called.push([id, 0]);
      if (id === 'a') await Promise.reject(new Error('no')).catch(() => undefined);
    });
    failing.schedule('a', NOW);
    failing.schedule('b', NOW);
    await jest.advanceTimersByTimeAsync(0);

    expect(called).toHaveLength(2);
  });

  it('waits longer than a timer of Node can', async () => {
    const days = 86_400_000;
    schedule(['far', 30 * days]);
    await jest.advanceTimersByTimeAsync(30 * days - 1);
    expect(called).toEqual([]);

    await jest.advanceTimersByTimeAsync(1);
    expect(called).toEqual([['far', 30 * days]]);
  });

  it('calls back at once for a time that has passed', async () => {
    schedule(['past', -5_000]);
    await jest.advanceTimersByTimeAsync(0);

    expect(called).toEqual([['past', -5_000]]);
  });

  it('begins no job after it was closed', async () => {
    schedule(['a', 0], ['b', 0], ['c', 0], ['d', 100]);
    await jest.advanceTimersByTimeAsync(0);
    due.close();
    await finish('a');
    await finish('b');
    schedule(['e', 0]);
    await jest.advanceTimersByTimeAsync(1_000);

    expect(called).toHaveLength(2);
    expect(jest.getTimerCount()).toBe(0);
  });
});

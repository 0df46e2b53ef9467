import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DedupeCache, DedupeEntry } from '../../../lib/inbox/dedupe-cache.js';
import { deferred } from '../../support/deferred.js';

const HOUR = 3_600_000;

const cacheOf = ({ maxEntries = 3, retentionMs = HOUR } = {}) => new DedupeCache<void>({ maxEntries, retentionMs });

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('DedupeCache', () => {
  const complete = async (cache: ReturnType<typeof cacheOf>, key: string, entry = new DedupeEntry()) => {
    await cache.claim(key, entry, async () => undefined).result;
    return entry;
  };

  it('finds the claim while the work runs, and the entry afterwards', async () => {
    const cache = cacheOf();
    const work = deferred();
    const entry = new DedupeEntry();

    expect(cache.find('a')).toBeUndefined();
    const claim = cache.claim('a', entry, () => work.promise);
    expect(cache.find('a')).toBe(claim);
    expect(cache.running).toEqual([claim.result]);
    expect(cache.size).toEqual({ total: 1, running: 1 });

    work.resolve();
    await claim.result;
    expect(cache.find('a')).toBe(entry);
    expect(cache.size).toEqual({ total: 1, running: 0 });
  });

  it('finds an event until its retention has passed', async () => {
    const cache = cacheOf();
    const entry = await complete(cache, 'a');

    jest.advanceTimersByTime(HOUR);
    expect(cache.find('a')).toBe(entry);
    jest.advanceTimersByTime(1);
    expect(cache.find('a')).toBeUndefined();
  });

  it('goes on evicting after it once had nothing to evict', async () => {
    const cache = cacheOf({ maxEntries: 3 });
    const work = deferred();
    const running = ['a', 'b', 'c', 'd'].map((key) => cache.claim(key, new DedupeEntry(), () => work.promise).result);
    work.resolve();
    await Promise.all(running);

    for (let more = 0; more < 20; more += 1) await complete(cache, `more ${more}`);

    expect(cache.size.total).toBe(4);
  });

  it('keeps the entry when the work rejects', async () => {
    const cache = cacheOf();
    const entry = new DedupeEntry();
    const { result } = cache.claim('a', entry, () => Promise.reject(new Error('no')));

    await expect(result).rejects.toThrow('no');
    expect(cache.find('a')).toBe(entry);
  });

  it('evicts the oldest idle entries beyond maxEntries', async () => {
    const cache = cacheOf({ maxEntries: 3 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) await complete(cache, key);

    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => cache.find(key))).toEqual(['c', 'd', 'e']);
    expect(cache.size.total).toBe(3);
  });

  it('evicts by the end of the last attempt, also after it has evicted all that it had', async () => {
    const cache = cacheOf({ maxEntries: 3 });
    const found = () => [...'abcdefghij'].filter((key) => cache.find(key)).join('');
    const failed = await complete(cache, 'a');
    for (const key of ['b', 'c']) await complete(cache, key);

    await complete(cache, 'a', failed);
    await complete(cache, 'd');
    expect(found()).toBe('acd');
    await complete(cache, 'e');
    expect(found()).toBe('ade');
    for (const key of ['f', 'g', 'h']) await complete(cache, key);
    expect(found()).toBe('fgh');
    await jest.advanceTimersByTimeAsync(2 * HOUR);
    expect(found()).toBe('');
    for (const key of ['i', 'a', 'b', 'c']) await complete(cache, key);
    expect(found()).toBe('abc');
  });

  it('finds an event that is done, without its checkpoints', async () => {
    const cache = cacheOf();
    const entry = new DedupeEntry();
    entry.settle('Orders.publish', 'succeeded');
    await cache.claim('a', entry, async () => entry.finish()).result;

    expect(cache.find('a')).toMatchObject({ done: true });
    expect(cache.find('a')).not.toBe(entry);
  });

  it('never evicts an event that is being handled, however many others complete', async () => {
    const cache = cacheOf({ maxEntries: 2 });
    const work = deferred();
    const claim = cache.claim('slow', new DedupeEntry(), () => work.promise);
    for (const key of ['a', 'b', 'c', 'd']) await complete(cache, key);
    await jest.advanceTimersByTimeAsync(2 * HOUR);

    expect(cache.find('slow')).toBe(claim);
    work.resolve();
    await claim.result;
  });

  it('is full when maxEntries events are being handled, not when as many are remembered', async () => {
    const cache = cacheOf({ maxEntries: 1 });
    const work = deferred();
    await complete(cache, 'remembered');
    expect(cache.isFull).toBe(false);

    const { result } = cache.claim('a', new DedupeEntry(), () => work.promise);
    expect(cache.isFull).toBe(true);
    work.resolve();
    await result;
    expect(cache.isFull).toBe(false);
    await complete(cache, 'b');
    expect(cache.find('b')).toBeInstanceOf(DedupeEntry);
  });

  it('evicts an entry retentionMs after its work ended, not before', async () => {
    const cache = cacheOf({ retentionMs: HOUR });
    const entry = await complete(cache, 'a');

    await jest.advanceTimersByTimeAsync(HOUR - 1000);
    expect(cache.find('a')).toBe(entry);
    await jest.advanceTimersByTimeAsync(1001);
    expect(cache.find('a')).toBeUndefined();
  });

  it('counts the retention of a failed event from its last attempt', async () => {
    const cache = cacheOf({ retentionMs: HOUR });
    const entry = await complete(cache, 'a');
    await jest.advanceTimersByTimeAsync(HOUR / 2 + 1000);
    await complete(cache, 'a', entry);
    await jest.advanceTimersByTimeAsync(HOUR / 2 + 1000);

    expect(cache.find('a')).toBe(entry);
  });

  it('leaves no timer that keeps the process alive', async () => {
    await complete(cacheOf(), 'a');
    await jest.advanceTimersByTimeAsync(1000);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('DedupeEntry', () => {
  it('counts attempts, and keeps checkpoints until it is done', () => {
    const entry = new DedupeEntry();
    expect([entry.nextAttempt(), entry.nextAttempt()]).toEqual([1, 2]);

    entry.settle('a', 'succeeded');
    expect([entry.has('a'), entry.has('b'), entry.done]).toEqual([true, false, false]);

    entry.finish();
    expect([entry.has('a'), entry.done]).toEqual([false, true]);
  });
});

describe('an entry', () => {
  it('remembers a copy of what handlers receive, or that it stays as sent', () => {
    const decided = { type: 'batch.succeeded', data: { id: 'b1' } } as never;
    const [entry, asSent] = [new DedupeEntry(), new DedupeEntry()];
    expect(entry.decided).toBeUndefined();

    entry.decide(decided);
    asSent.decide(undefined);

    expect(entry.decided).toEqual(decided);
    expect(entry.decided === decided).toBe(false);
    expect(asSent.decided).toBeNull();
  });
});

describe('an entry without an attempt', () => {
  it('names no handlers that run', () => {
    expect(new DedupeEntry().running).toEqual([]);
  });
});

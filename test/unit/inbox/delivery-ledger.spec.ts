import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { deferred } from '../../support/deferred.js';

// Before the ledger, whose cache takes the clock that it finds when it is loaded.
jest.useFakeTimers();
const { DeliveryLedger, LedgerEntry } = await import('../../../lib/inbox/delivery-ledger.js');

const HOUR = 3_600_000;

const ledgerOf = ({ maxEntries = 3, retentionMs = HOUR } = {}) => new DeliveryLedger<void>({ maxEntries, retentionMs });

afterAll(() => {
  jest.useRealTimers();
});

describe('DeliveryLedger', () => {
  const settle = async (ledger: ReturnType<typeof ledgerOf>, key: string, entry = new LedgerEntry()) => {
    await ledger.claim(key, entry, async () => undefined).result;
    return entry;
  };

  it('finds the claim while the work runs, and the entry afterwards', async () => {
    const ledger = ledgerOf();
    const work = deferred();
    const entry = new LedgerEntry();

    expect(ledger.find('a')).toBeUndefined();
    const claim = ledger.claim('a', entry, () => work.promise);
    expect(ledger.find('a')).toBe(claim);
    expect(ledger.running).toEqual([claim.result]);
    expect(ledger.size).toEqual({ total: 1, running: 1 });

    work.resolve();
    await claim.result;
    expect(ledger.find('a')).toBe(entry);
    expect(ledger.size).toEqual({ total: 1, running: 0 });
  });

  it('keeps the entry also when the work rejects', async () => {
    const ledger = ledgerOf();
    const entry = new LedgerEntry();
    const { result } = ledger.claim('a', entry, () => Promise.reject(new Error('no')));

    await expect(result).rejects.toThrow('no');
    expect(ledger.find('a')).toBe(entry);
  });

  it('forgets the oldest settled entries beyond maxEntries', async () => {
    const ledger = ledgerOf({ maxEntries: 3 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) await settle(ledger, key);

    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => ledger.find(key))).toEqual(['c', 'd', 'e']);
    expect(ledger.size.total).toBe(3);
  });

  it('never forgets what is being handled, however much settles meanwhile', async () => {
    const ledger = ledgerOf({ maxEntries: 2 });
    const work = deferred();
    const claim = ledger.claim('slow', new LedgerEntry(), () => work.promise);
    for (const key of ['a', 'b', 'c', 'd']) await settle(ledger, key);
    await jest.advanceTimersByTimeAsync(2 * HOUR);

    expect(ledger.find('slow')).toBe(claim);
    work.resolve();
    await claim.result;
  });

  it('refuses a claim when as many as it holds are being handled', async () => {
    const ledger = ledgerOf({ maxEntries: 1 });
    const work = deferred();
    const { result } = ledger.claim('a', new LedgerEntry(), () => work.promise);
    const refused = jest.fn<() => Promise<void>>();

    expect(() => ledger.claim('b', new LedgerEntry(), refused)).toThrow(
      expect.objectContaining({ code: 'inbox_unavailable' }) as unknown as Error,
    );
    expect(refused).not.toHaveBeenCalled();
    work.resolve();
    await result;
    await settle(ledger, 'b');
    expect(ledger.find('b')).toBeInstanceOf(LedgerEntry);
  });

  it('forgets an entry retentionMs after it settled, not before', async () => {
    const ledger = ledgerOf({ retentionMs: HOUR });
    const entry = await settle(ledger, 'a');

    await jest.advanceTimersByTimeAsync(HOUR - 1000);
    expect(ledger.find('a')).toBe(entry);
    await jest.advanceTimersByTimeAsync(1001);
    expect(ledger.find('a')).toBeUndefined();
  });

  it('keeps an entry of a failed attempt from its last attempt on', async () => {
    const ledger = ledgerOf({ retentionMs: HOUR });
    const entry = await settle(ledger, 'a');
    await jest.advanceTimersByTimeAsync(HOUR / 2 + 1000);
    await settle(ledger, 'a', entry);
    await jest.advanceTimersByTimeAsync(HOUR / 2 + 1000);

    expect(ledger.find('a')).toBe(entry);
  });

  it('keeps node alive with no timer', async () => {
    await settle(ledgerOf(), 'a');
    await jest.advanceTimersByTimeAsync(1000);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('LedgerEntry', () => {
  it('counts attempts, keeps checkpoints, and needs them no more once it is done', () => {
    const entry = new LedgerEntry();
    expect([entry.nextAttempt(), entry.nextAttempt()]).toEqual([1, 2]);

    entry.settle('a', 'succeeded');
    expect([entry.has('a'), entry.has('b'), entry.done]).toEqual([true, false, false]);

    entry.finish();
    expect([entry.has('a'), entry.done]).toEqual([false, true]);
  });
});

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { completeOrRecord } from '../../../../lib/bullmq/deliveries/complete-or-record.js';
import { PageSize } from '../../../../lib/bullmq/deliveries/page-size.js';
import { postponeForStore } from '../../../../lib/bullmq/deliveries/postpone-for-store.js';
import { RetryBudget } from '../../../../lib/bullmq/deliveries/retry-budget.js';
import type { FailedJob } from '../../../../lib/bullmq/store/failed-jobs.js';
import type { DeliveryJob } from '../../../../lib/bullmq/store/inbox-store.js';

const lockLost = Object.assign(new Error('Missing lock'), { code: -2 });

describe('completing a job', () => {
  const jobThat = (...outcomes: (Error | string)[]) => {
    const calls: unknown[] = [];
    const job = {
      moveToCompleted: async (...given: unknown[]) => {
        calls.push(given);
        const outcome = outcomes.shift();
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    } as unknown as DeliveryJob;
    completeOrRecord(job, { flush: async () => void calls.push('flush') });
    return { complete: () => job.moveToCompleted(undefined as never, 'token', true), calls };
  };
  const request = [undefined, 'token', true];

  it('writes no checkpoint if it succeeds', async () => {
    const { complete, calls } = jobThat('next');

    expect(await complete()).toBe('next');
    expect(calls).toEqual([request]);
  });

  it('writes the checkpoint if it fails, and then tries once more', async () => {
    const { complete, calls } = jobThat(new Error('Connection is closed.'), 'next');

    expect(await complete()).toBe('next');
    expect(calls).toEqual([request, 'flush', request]);
  });

  it('writes the checkpoint and does not try again if another worker has the job', async () => {
    const { complete, calls } = jobThat(lockLost);

    await expect(complete()).rejects.toBe(lockLost);
    expect(calls).toEqual([request, 'flush']);
  });
});

describe('postponing an event after the store failed', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000, doNotFake: ['nextTick', 'queueMicrotask', 'setTimeout', 'setImmediate'] });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const postpone = async (failures: Error[], retryMs: number) => {
    const requests: unknown[][] = [];
    const job = {
      moveToDelayed: async (...given: unknown[]) => {
        requests.push(given);
        const failure = failures.shift();
        if (failure) throw failure;
      },
    } as unknown as DeliveryJob;
    const options = { error: new Error('the reason'), retryBudget: new RetryBudget(retryMs) };
    return { thrown: await postponeForStore(job, 'token', options), requests };
  };

  it('delays it by a second', async () => {
    const { thrown, requests } = await postpone([], 0);

    expect(thrown).toMatchObject({ name: 'DelayedError' });
    expect(requests).toEqual([[2_000, 'token']]);
  });

  it('tries again within the retry budget', async () => {
    const { thrown, requests } = await postpone([new Error('down'), new Error('down')], 60_000);

    expect(thrown).toMatchObject({ name: 'DelayedError' });
    expect(requests).toHaveLength(3);
  });

  it.each([
    ['the lock is lost', lockLost, 60_000],
    ['the budget is used up', new Error('down'), 0],
  ])('leaves the job to BullMQ if %s', async (_when, failure, retryMs) => {
    const { thrown, requests } = await postpone([failure], retryMs);

    expect(thrown).toMatchObject({ name: 'Error', message: 'the store failed: the reason' });
    expect(requests).toHaveLength(1);
  });
});

describe('the size of a page of failed events', () => {
  const jobs = (data: unknown, count = 1) => Array.from({ length: count }, () => ({ data }) as FailedJob);
  const sizeAfter = (...pages: FailedJob[][]) => {
    const size = new PageSize();
    for (const page of pages) size.fit(page);
    return size.count;
  };

  it.each([
    ['starts at 100', [], 100],
    ['grows at most fourfold', [jobs({ body: 'x' })], 400],
    ['grows up to 500', [jobs({ body: 'x' }), jobs({ body: 'x' })], 500],
    ['stays after an empty page', [[]], 100],
    ['follows the mean size of the events', [jobs({ body: 'x'.repeat(523_788) }, 2)], 8],
    ['is at least one', [jobs({ body: 'x'.repeat(5_000_000) })], 1],
    ['ignores data that is not of this version', [[...jobs(null), ...jobs({ body: 7 }), ...jobs('x')]], 400],
  ] as const)('%s', (_what, pages, count) => {
    expect(sizeAfter(...pages.map((page) => [...page]))).toBe(count);
  });
});

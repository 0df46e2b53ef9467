import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

/** A clock that only pauses advance. */
let clock: number;
let pauses: number[];
let onPause: () => void;

jest.unstable_mockModule('../../../../lib/shared/pause.js', () => ({
  pause: async (delayMs: number, signal: AbortSignal | undefined) => {
    pauses.push(delayMs);
    clock += delayMs;
    onPause();
    signal?.throwIfAborted();
  },
}));
const { RetryBudget } = await import('../../../../lib/bullmq/deliveries/retry-budget.js');

describe('the retry budget of an attempt', () => {
  beforeEach(() => {
    clock = 0;
    pauses = [];
    onPause = () => undefined;
    jest.spyOn(performance, 'now').mockImplementation(() => clock);
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('waits longer before each retry, up to a second, until the time is used up', async () => {
    const budget = new RetryBudget(4_000);
    while (await budget.backOff());

    expect(pauses).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 450]);
  });

  it('counts the time of the requests between the retries', async () => {
    const budget = new RetryBudget(300);
    while (await budget.backOff()) clock += 100;

    expect(pauses).toEqual([50, 100]);
  });

  it('is whole again after a request that succeeded', async () => {
    const budget = new RetryBudget(60);
    while (await budget.backOff());
    budget.reset();
    while (await budget.backOff());

    expect(pauses).toEqual([50, 10, 50, 10]);
  });

  it('ends with its signal, also during a wait', async () => {
    const stop = new AbortController();
    const budget = new RetryBudget(60_000, stop.signal);
    onPause = () => stop.abort();

    expect(await budget.backOff()).toBe(true);
    expect(await budget.backOff()).toBe(false);
    expect(pauses).toEqual([50]);
  });
});

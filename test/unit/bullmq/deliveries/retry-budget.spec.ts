import { beforeEach, describe, expect, it } from '@jest/globals';
import { RetryBudget } from '../../../../lib/bullmq/deliveries/retry-budget.js';

describe('the retry budget of an attempt', () => {
  let now: number;
  let pauses: number[];
  let onPause: () => void;

  /** A clock that only pauses advance. */
  const clock = {
    now: () => now,
    pause: async (delayMs: number, signal: AbortSignal | undefined) => {
      pauses.push(delayMs);
      now += delayMs;
      onPause();
      signal?.throwIfAborted();
    },
  };
  const budgetOf = (limitMs: number, signal?: AbortSignal) => new RetryBudget(limitMs, signal, clock);

  beforeEach(() => {
    now = 0;
    pauses = [];
    onPause = () => undefined;
  });

  it('waits longer before each retry, up to a second, until the time is used up', async () => {
    const budget = budgetOf(4_000);
    while (await budget.backOff());

    expect(pauses).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 450]);
  });

  it('counts the time of the requests between the retries', async () => {
    const budget = budgetOf(300);
    while (await budget.backOff()) now += 100;

    expect(pauses).toEqual([50, 100]);
  });

  it('is whole again after a request that succeeded', async () => {
    const budget = budgetOf(60);
    while (await budget.backOff());
    budget.reset();
    while (await budget.backOff());

    expect(pauses).toEqual([50, 10, 50, 10]);
  });

  it('ends with its signal, also during a wait', async () => {
    const stop = new AbortController();
    const budget = budgetOf(60_000, stop.signal);
    onPause = () => stop.abort();

    expect(await budget.backOff()).toBe(true);
    expect(await budget.backOff()).toBe(false);
    expect(pauses).toEqual([50]);
  });
});

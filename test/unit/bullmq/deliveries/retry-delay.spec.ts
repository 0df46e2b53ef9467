import { describe, expect, it } from '@jest/globals';
import { retryDelayMs } from '../../../../lib/bullmq/deliveries/retry-delay.js';

describe('the delay before a retry', () => {
  it.each([
    ['is the same after each attempt if it is fixed', { type: 'fixed', delay: 5_000 }, 3, 5_000],
    ['is the delay after the first attempt', { type: 'exponential', delay: 42_000 }, 1, 42_000],
    ['doubles with each attempt if it is exponential', { type: 'exponential', delay: 1_000 }, 4, 8_000],
    ['is the mean of what jitter allows', { type: 'exponential', delay: 1_000, jitter: 0.2 }, 2, 1_800],
    ['is a number of milliseconds in jobs that have only that', 300, 2, 300],
    ['is zero without a backoff', undefined, 2, 0],
  ])('%s', (_what, backoff, attempt, ms) => {
    expect(retryDelayMs(backoff, attempt)).toBe(ms);
  });
});

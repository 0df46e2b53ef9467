import { describe, expect, it } from '@jest/globals';
import { RunningHandlers } from '../../../lib/handlers/running-handlers.js';

describe('RunningHandlers', () => {
  it('names each handler until its last run has ended', () => {
    const running = new RunningHandlers();
    const ends = ['Orders.publish', 'Orders.notify', 'Orders.publish'].map((name) => running.begin(name));

    ends[0]?.();
    ends[0]?.();
    expect([running.names, running.size]).toEqual([expect.arrayContaining(['Orders.publish', 'Orders.notify']), 2]);
    ends[2]?.();
    expect([running.names, running.size]).toEqual([['Orders.notify'], 1]);
  });

  it('takes no longer for a run beside 100,000 runs that hang', () => {
    const running = new RunningHandlers();
    for (let count = 0; count < 100_000; count += 1) running.begin('Orders.hang');

    const startedAt = performance.now();
    for (let count = 0; count < 10_000; count += 1) running.begin('Orders.publish')();

    // A few milliseconds, and more than a second for a search through all of them.
    expect(performance.now() - startedAt).toBeLessThan(100);
    expect(running.size).toBe(100_000);
  });
});

import { describe, expect, it } from '@jest/globals';
import { clockSkew, describeSkew } from '../../../../lib/bullmq/store/clock-skew.js';

/** A process and a server with clocks, and a network delay between them. */
function world({ aheadMs, waysMs }: { aheadMs: number; waysMs: readonly (readonly [there: number, back: number])[] }) {
  let elapsedMs = 0;
  const ways = [...waysMs];
  const server = () => 1_000_000 + elapsedMs;
  return {
    async readServer() {
      const [there, back] = ways.shift() ?? [0, 0];
      elapsedMs += there;
      const time = server();
      elapsedMs += back;
      return time;
    },
    clocks: { now: () => server() + aheadMs, elapsed: () => elapsedMs },
  };
}

describe('clockSkew', () => {
  it.each([
    ['ahead', 5_000],
    ['behind', -5_000],
    ['the same', 0],
  ])('corrects for the round trip: %s', async (_how, aheadMs) => {
    const { readServer, clocks } = world({ aheadMs, waysMs: Array.from({ length: 3 }, () => [400, 400] as const) });

    expect(await clockSkew(readServer, clocks)).toEqual({ aheadMs, uncertaintyMs: 400 });
  });

  it('uses the fastest answer', async () => {
    const { readServer, clocks } = world({
      aheadMs: 200,
      waysMs: [
        [3_000, 0],
        [10, 10],
        [0, 3_000],
      ],
    });

    expect(await clockSkew(readServer, clocks)).toEqual({ aheadMs: 200, uncertaintyMs: 10 });
  });

  it.each([
    [{ aheadMs: 1_001, uncertaintyMs: 0 }, '1.0 s ahead of'],
    [{ aheadMs: -61_000, uncertaintyMs: 20 }, '61.0 s behind'],
    [{ aheadMs: 1_000, uncertaintyMs: 0 }, undefined],
    [{ aheadMs: -3_000, uncertaintyMs: 2_500 }, undefined],
  ])('is described if it certainly exceeds a second: %j', (skew, words) => {
    expect(describeSkew(skew)).toBe(words);
  });
});

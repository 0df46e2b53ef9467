import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GradualLimit } from '../../../../../lib/bullmq/store/postgres/gradual-limit.js';

/** Requests of which the test ends each by its number. */
function requests() {
  const limit = new GradualLimit();
  const sent: number[] = [];
  let count = 0;
  return {
    sent,
    async start(many: number) {
      for (let left = many; left > 0; left -= 1) {
        const number = (count += 1);
        void Promise.resolve(limit.enter()).then(() => sent.push(number));
      }
      await jest.advanceTimersByTimeAsync(0);
    },
    async end(many: number) {
      for (let left = many; left > 0; left -= 1) limit.leave();
      await jest.advanceTimersByTimeAsync(0);
    },
  };
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('statements on shared connections', () => {
  it('are sent two at a time while they are short, in order', async () => {
    const { sent, start, end } = requests();
    await start(4);
    expect(sent).toEqual([1, 2]);
    await end(1);
    expect(sent).toEqual([1, 2, 3]);
    await end(3);
    await start(3);
    expect(sent).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are all sent when one has waited for a few milliseconds, and from then on at once', async () => {
    const { sent, start } = requests();
    await start(5);
    await jest.advanceTimersByTimeAsync(15);
    expect(sent).toEqual([1, 2, 3, 4, 5]);
    await start(3);
    expect(sent).toHaveLength(8);
  });

  it('are sent two at a time again after some seconds with few of them', async () => {
    const { sent, start, end } = requests();
    await start(5);
    await jest.advanceTimersByTimeAsync(15);
    await end(5);
    await jest.advanceTimersByTimeAsync(5_000);
    await start(3);
    expect(sent).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

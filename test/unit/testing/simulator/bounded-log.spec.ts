import { describe, expect, it } from '@jest/globals';
import { BoundedLog } from '../../../../lib/testing/simulator/bounded-log.js';

describe('BoundedLog', () => {
  it('keeps the last entries in order, up to its limit', () => {
    const log = new BoundedLog<number>(20);
    const sizes: number[] = [];
    for (let entry = 1; entry <= 105; entry += 1) {
      log.add(entry);
      sizes.push(log.entries.length);
    }

    expect(Math.max(...sizes)).toBe(20);
    expect(Math.min(...sizes.slice(20))).toBe(19);
    expect(log.entries.at(-1)).toBe(105);
    expect(log.entries).toEqual(log.entries.toSorted((a, b) => a - b));
  });
});

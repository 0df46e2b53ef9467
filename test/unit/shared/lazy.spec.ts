import { describe, expect, it } from '@jest/globals';
import { lazy } from '../../../lib/shared/lazy.js';

describe('lazy', () => {
  it('loads at the first call, and once for calls at the same time', async () => {
    let loads = 0;
    const load = lazy(async () => (loads += 1));

    expect(loads).toBe(0);
    expect(await Promise.all([load(), load()])).toEqual([1, 1]);
    expect(await load()).toBe(1);
  });

  it('loads again after a failure', async () => {
    let loads = 0;
    const load = lazy(async () => {
      loads += 1;
      if (loads === 1) throw new Error('not yet');
      return loads;
    });

    await expect(load()).rejects.toThrow('not yet');
    expect(await load()).toBe(2);
  });
});

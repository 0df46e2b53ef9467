import { describe, expect, it } from '@jest/globals';
import { Turns } from '../../../lib/bullmq/turns.js';
import { deferred } from '../../support/deferred.js';

describe('turns', () => {
  it('let so many work at once, in order, and go on after a failure', async () => {
    const turns = new Turns(2);
    const gates = [0, 1, 2, 3].map(() => deferred());
    const begun: number[] = [];
    const works = gates.map((gate, index) =>
      turns.take(async () => {
        begun.push(index);
        await gate.promise;
        if (index === 0) throw new Error('first');
        return index;
      }),
    );
    expect(begun).toEqual([0, 1]);
    gates[0]!.resolve();
    await expect(works[0]).rejects.toThrow('first');
    gates[2]!.resolve();
    expect(await works[2]).toBe(2);
    expect(begun).toEqual([0, 1, 2, 3]);
    gates[1]!.resolve();
    gates[3]!.resolve();
    expect(await Promise.all([works[1], works[3], turns.take(async () => 4)])).toEqual([1, 3, 4]);
  });
});

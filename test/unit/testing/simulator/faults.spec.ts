import { describe, expect, it } from '@jest/globals';
import { Faults, isFor, type SimulatorFault } from '../../../../lib/testing/simulator/faults.js';

const batch = { kind: 'batch', name: 'batches/1' } as const;

describe('Faults', () => {
  it('happen as often as they are told to', () => {
    const faults = new Faults();
    faults.add({ fault: 'lose', times: 2 });

    expect([1, 2, 3].map(() => faults.take('lose') !== undefined)).toEqual([true, true, false]);
  });

  it('happen until they are removed when nothing else is said', () => {
    const faults = new Faults();
    const remove = faults.add({ fault: 'lose' });
    const before = [1, 2, 3].map(() => faults.take('lose') !== undefined);
    remove();

    expect(before).toEqual([true, true, true]);
    expect(faults.take('lose')).toBeUndefined();
  });

  it('are used up only by what they are for', () => {
    const faults = new Faults();
    faults.add({ fault: 'delay', delayMs: 5, kind: 'video', times: 1 });
    const take = (kind: 'batch' | 'video') =>
      faults.take('delay', (fault) => isFor(fault, { kind, name: 'n' }))?.delayMs;

    expect([take('batch'), take('video'), take('video')]).toEqual([undefined, 5, undefined]);
  });

  it('are two when one object is added twice', () => {
    const faults = new Faults();
    const fault = { fault: 'stale', times: 1 } as const;
    faults.add(fault);
    faults.add(fault);

    expect([1, 2, 3].map(() => faults.take('stale') !== undefined)).toEqual([true, true, false]);
  });

  it.each([
    [{ fault: 'explode' } as unknown as SimulatorFault],
    [{ fault: 'lose', times: 0 } as const],
    [{ fault: 'lose', times: 1.5 } as const],
    [{ fault: 'delay', delayMs: -1 } as const],
    [{ fault: 'delay', delayMs: Number.NaN } as const],
    [{ fault: 'api_delay', delayMs: Infinity } as const],
    [{ fault: 'api_error', status: 200 } as const],
  ])('are refused when they make no sense: %j', (fault) => {
    expect(() => new Faults().add(fault)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});

describe('isFor', () => {
  it.each([
    [{}, batch, true],
    [{}, undefined, true],
    [{ kind: 'batch' }, batch, true],
    [{ kind: 'video' }, batch, false],
    [{ kind: 'batch' }, undefined, false],
    [{ job: 'batches/1' }, batch, true],
    [{ job: 'batches/2' }, batch, false],
    [{ kind: 'video', job: 'batches/1' }, batch, false],
  ] as const)('takes %j for %j: %j', (scope, job, answer) => {
    expect(isFor(scope, job)).toBe(answer);
  });
});

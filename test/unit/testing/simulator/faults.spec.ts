import { describe, expect, it } from '@jest/globals';
import { Faults, hides, appliesTo, type SimulatorFault } from '../../../../lib/testing/simulator/faults.js';

const batch = { kind: 'batch', name: 'batches/1' } as const;

describe('Faults', () => {
  it('occur the given number of times', () => {
    const faults = new Faults();
    faults.add({ fault: 'lose', times: 2 });

    expect([1, 2, 3].map(() => faults.take('lose') !== undefined)).toEqual([true, true, false]);
  });

  it('occur until they are removed by default', () => {
    const faults = new Faults();
    const remove = faults.add({ fault: 'lose' });
    const before = [1, 2, 3].map(() => faults.take('lose') !== undefined);
    remove();

    expect(before).toEqual([true, true, true]);
    expect(faults.take('lose')).toBeUndefined();
  });

  it('are consumed only by events in their scope', () => {
    const faults = new Faults();
    faults.add({ fault: 'delay', delayMs: 5, kind: 'video', times: 1 });
    const take = (kind: 'batch' | 'video') =>
      faults.take('delay', (fault) => appliesTo(fault, { kind, name: 'n' }))?.delayMs;

    expect([take('batch'), take('video'), take('video')]).toEqual([undefined, 5, undefined]);
  });

  it('count twice if one object is added twice', () => {
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
    [{ fault: 'not_found', operation: 'files.get' } as unknown as SimulatorFault],
  ])('are refused if they are invalid: %j', (fault) => {
    expect(() => new Faults().add(fault)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});

describe('appliesTo', () => {
  it.each([
    [{}, batch, true],
    [{}, undefined, true],
    [{ kind: 'batch' }, batch, true],
    [{ kind: 'video' }, batch, false],
    [{ kind: 'batch' }, undefined, false],
    [{ job: 'batches/1' }, batch, true],
    [{ job: 'batches/2' }, batch, false],
    [{ kind: 'video', job: 'batches/1' }, batch, false],
  ] as const)('of %j to %j is %j', (scope, job, answer) => {
    expect(appliesTo(scope, job)).toBe(answer);
  });
});

describe('hides', () => {
  it.each([
    [{}, true],
    [{ operation: 'interactions.get' }, true],
    [{ operation: 'batches.get' }, false],
    [{ job: 'v1_1' }, true],
    [{ job: 'interactions/v1_1' }, true],
    [{ job: 'v1_2' }, false],
  ] as const)('with %j returns %j for a GET of the interaction v1_1', (scope, answer) => {
    expect(hides({ fault: 'not_found', ...scope }, 'interactions.get', 'v1_1')).toBe(answer);
  });
});

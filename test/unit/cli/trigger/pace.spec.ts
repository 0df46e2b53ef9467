import { describe, expect, it } from '@jest/globals';
import { paced } from '../../../../lib/cli/trigger/pace.js';
import { deferred } from '../../../support/deferred.js';
import { until } from '../../../support/until.js';

describe('paced', () => {
  it('without a rate starts each after the previous one is done', async () => {
    const gates = [deferred(), deferred()];
    const started: number[] = [];
    const done = paced(2, undefined, async (index) => {
      started.push(index);
      await gates[index]!.promise;
    });
    await until(() => started.length === 1);
    gates[0]!.resolve();
    await until(() => started.length === 2);
    gates[1]!.resolve();
    await done;

    expect(started).toEqual([0, 1]);
  });

  it('with a rate runs at most 256 at once', async () => {
    const gate = deferred();
    const started: number[] = [];
    const done = paced(300, 10_000, async (index) => {
      started.push(index);
      await gate.promise;
    });
    await until(() => started.length >= 256);

    expect(started).toHaveLength(256);

    gate.resolve();
    await done;
    expect(started).toHaveLength(300);
  });

  it('fails if its work fails', async () => {
    await expect(paced(1, 10, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});

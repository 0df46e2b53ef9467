import { describe, expect, it } from '@jest/globals';
import { singleFlightUntilSuccess } from '../../../lib/shared/single-flight.js';
import { deferred } from '../../support/deferred.js';

describe('singleFlightUntilSuccess', () => {
  it('shares one attempt between concurrent callers and runs again only after a failure', async () => {
    const gates = [deferred(), deferred()];
    let runs = 0;
    const prepare = singleFlightUntilSuccess(async () => {
      const gate = gates[runs];
      runs += 1;
      await gate?.promise;
      if (runs === 1) throw new Error('the first attempt fails');
    });

    const first = [prepare(), prepare()];
    gates[0]!.resolve();
    expect(await Promise.allSettled(first)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(runs).toBe(1);

    const second = [prepare(), prepare()];
    gates[1]!.resolve();
    await Promise.all(second);
    await prepare();
    expect(runs).toBe(2);
  });
});

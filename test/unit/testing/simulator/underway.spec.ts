import { describe, expect, it } from '@jest/globals';
import { Underway } from '../../../../lib/testing/simulator/underway.js';
import { deferred } from '../../../support/deferred.js';

describe('Underway', () => {
  it('is idle once all work is done, what came in meanwhile included', async () => {
    const underway = new Underway();
    const [first, second] = [deferred(), deferred()];
    underway.track(first.promise.then(() => underway.track(second.promise)));
    let isIdle = false;
    const idle = underway.idle().then(() => {
      isIdle = true;
    });
    first.resolve();
    await new Promise(setImmediate);

    expect(isIdle).toBe(false);
    second.resolve();
    await idle;
    expect(isIdle).toBe(true);
  });

  it('is idle when there was no work', async () => {
    await expect(new Underway().idle()).resolves.toBeUndefined();
  });
});

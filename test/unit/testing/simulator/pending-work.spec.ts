import { describe, expect, it } from '@jest/globals';
import { PendingWork } from '../../../../lib/testing/simulator/pending-work.js';
import { deferred } from '../../../support/deferred.js';

describe('PendingWork', () => {
  it('is idle after all work is done, including work that was added meanwhile', async () => {
    const pendingWork = new PendingWork();
    const [first, second] = [deferred(), deferred()];
    pendingWork.track(first.promise.then(() => pendingWork.track(second.promise)));
    let isIdle = false;
    const idle = pendingWork.idle().then(() => {
      isIdle = true;
    });
    first.resolve();
    await new Promise(setImmediate);

    expect(isIdle).toBe(false);
    second.resolve();
    await idle;
    expect(isIdle).toBe(true);
  });

  it('is idle without work', async () => {
    await expect(new PendingWork().idle()).resolves.toBeUndefined();
  });
});

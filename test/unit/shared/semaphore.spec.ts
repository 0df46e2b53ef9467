import { describe, expect, it } from '@jest/globals';
import { Semaphore } from '../../../lib/shared/semaphore.js';
import { deferred } from '../../support/deferred.js';

describe('Semaphore', () => {
  it('gives its permits in the order of the calls, each once', async () => {
    const semaphore = new Semaphore(1);
    const order: number[] = [];
    const release = await semaphore.acquire();
    const tasks = [1, 2, 3].map(async (task) => {
      const done = await semaphore.acquire();
      order.push(task);
      done();
      done();
    });

    expect(order).toEqual([]);
    release();
    await Promise.all(tasks);

    expect(order).toEqual([1, 2, 3]);
    const again = await semaphore.acquire();
    const controller = new AbortController();
    const waiting = semaphore.acquire(controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    again();
  });

  it('runs as many tasks at once as it has permits, in order, also after one has failed', async () => {
    const semaphore = new Semaphore(2);
    const gates = [0, 1, 2, 3].map(() => deferred());
    const entries = [0, 1, 2, 3].map(() => deferred());
    const started: number[] = [];
    const tasks = gates.map((gate, index) =>
      semaphore.run(async () => {
        started.push(index);
        entries[index]!.resolve();
        await gate.promise;
        if (index === 0) throw new Error('first');
        return index;
      }),
    );
    await entries[1]!.promise;
    expect(started).toEqual([0, 1]);
    gates[0]!.resolve();
    await expect(tasks[0]).rejects.toThrow('first');
    gates[2]!.resolve();
    expect(await tasks[2]).toBe(2);
    await entries[3]!.promise;
    expect(started).toEqual([0, 1, 2, 3]);
    gates[1]!.resolve();
    gates[3]!.resolve();
    expect(await Promise.all([tasks[1], tasks[3], semaphore.run(async () => 4)])).toEqual([1, 3, 4]);
  });

  it('skips a task whose signal aborted while it waited', async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.acquire();
    const controller = new AbortController();
    const aborted = semaphore.acquire(controller.signal);
    const next = semaphore.acquire();
    controller.abort(new Error('enough'));
    release();

    await expect(aborted).rejects.toThrow('enough');
    (await next)();
    await expect(semaphore.acquire(AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    (await semaphore.acquire())();
  });
});

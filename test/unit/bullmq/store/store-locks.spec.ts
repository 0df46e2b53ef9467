import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { StoreLocks, type LockHandle } from '../../../../lib/bullmq/store/store-locks.js';
import { deferred } from '../../../support/deferred.js';
import { until } from '../../../support/until.js';

const LEASE_MS = 200;

/** A lock handle that the test controls and that counts its calls. */
class Scripted implements LockHandle {
  readonly asked = { take: 0, renew: 0, release: 0 };
  lost: () => void = () => undefined;
  taking: () => Promise<boolean> = async () => true;
  renewing: () => Promise<boolean> = async () => true;

  tryAcquire = (): Promise<boolean> => this.#count('take', this.taking);
  renew = (): Promise<boolean> => this.#count('renew', this.renewing);
  release = async (): Promise<void> => {
    this.asked.release += 1;
  };

  #count<T>(what: 'take' | 'renew', answer: () => Promise<T>): Promise<T> {
    this.asked[what] += 1;
    return answer();
  }
}

describe('StoreLocks', () => {
  const locks: StoreLocks[] = [];

  const lockOf = (handle: Scripted) => {
    const lock = new StoreLocks(
      (_name, lost) => {
        handle.lost = lost;
        return handle;
      },
      { leaseMs: LEASE_MS },
    );
    locks.push(lock);
    return lock;
  };

  /** Runs until `held` aborts, and returns the reason. */
  const untilLost = (lock: StoreLocks): Promise<unknown> =>
    lock.run(
      'endpoint',
      async (held) => {
        if (!held.aborted) await once(held, 'abort');
        return held.reason as unknown;
      },
      { waitMs: 0 },
    );

  afterEach(async () => {
    await Promise.all(locks.splice(0).map((lock) => lock.close()));
  });

  it("resolves with the work's result and releases the lock", async () => {
    const handle = new Scripted();

    expect(await lockOf(handle).run('endpoint', async () => 'done', { waitMs: 0 })).toBe('done');
    expect(handle.asked).toMatchObject({ take: 1, release: 1 });
  });

  it('releases the lock when the work fails and rejects with its error', async () => {
    const handle = new Scripted();
    const failure = new Error('the work');

    await expect(lockOf(handle).run('endpoint', () => Promise.reject(failure), { waitMs: 0 })).rejects.toBe(failure);
    expect(handle.asked.release).toBe(1);
  });

  it('retries while another process holds the lock or the store is unavailable', async () => {
    const handle = new Scripted();
    const answers = [async () => false, async () => Promise.reject(new Error('away')), async () => true];
    handle.taking = () => answers.shift()!();

    expect(await lockOf(handle).run('endpoint', async () => 'done', { waitMs: 60_000 })).toBe('done');
    expect(handle.asked.take).toBe(3);
  });

  it('tries once if it must not wait', async () => {
    const handle = new Scripted();
    handle.taking = async () => false;

    await expect(lockOf(handle).run('endpoint', async () => 'done', { waitMs: 0 })).rejects.toMatchObject({
      code: 'inbox_unavailable',
      message: 'Another process held the lock "endpoint" for 0 ms.',
    });
    expect(handle.asked).toEqual({ take: 1, renew: 0, release: 1 });
  });

  it('stops waiting once the store has failed for longer than the caller accepts', async () => {
    const handle = new Scripted();
    const cause = new Error('away');
    const answers = [async () => Promise.reject(cause), async () => false];
    handle.taking = () => answers.shift()?.() ?? Promise.reject(cause);

    await expect(
      lockOf(handle).run('job-start', async () => 'done', { waitMs: 600_000, outageMs: 200 }),
    ).rejects.toMatchObject({ code: 'inbox_unavailable', cause });
    // The answer that another process holds the lock ended the first failure.
    expect(handle.asked.take).toBeGreaterThan(2);
    expect(handle.asked.release).toBe(1);
  });

  it("reports the store's error when that is unavailable", async () => {
    const handle = new Scripted();
    const cause = new Error('away');
    handle.taking = () => Promise.reject(cause);

    await expect(lockOf(handle).run('endpoint', async () => 'done', { waitMs: 100 })).rejects.toMatchObject({
      code: 'inbox_unavailable',
      cause,
    });
  });

  it('holds the lock as long as the work runs', async () => {
    const handle = new Scripted();
    const aborted = await lockOf(handle).run(
      'endpoint',
      async (held) => {
        await until(() => handle.asked.renew >= 8);
        return held.aborted;
      },
      { waitMs: 0 },
    );

    expect(aborted).toBe(false);
    const { renew } = handle.asked;
    await until(async () => handle.asked.release === 1);
    expect(handle.asked.renew).toBe(renew);
  });

  it.each([
    ['the store says that another process holds the lock', async (): Promise<boolean> => false],
    ['the store does not answer', (): Promise<boolean> => Promise.reject(new Error('away'))],
    ['the store never answers', (): Promise<boolean> => deferred<boolean>().promise],
  ])('aborts the work when %s', async (_when, renewing) => {
    const handle = new Scripted();
    handle.renewing = renewing;

    expect(await untilLost(lockOf(handle))).toMatchObject({
      code: 'inbox_unavailable',
      message: 'The lock "endpoint" was lost.',
    });
  });

  it('aborts the work at once when its handle reports the loss', async () => {
    const handle = new Scripted();
    handle.renewing = async () => {
      handle.lost();
      return true;
    };

    expect(await untilLost(lockOf(handle))).toMatchObject({ message: 'The lock "endpoint" was lost.' });
    expect(handle.asked.renew).toBe(1);
  });

  it('aborts the work when the app closes, and waits until it has ended', async () => {
    const handle = new Scripted();
    const lock = lockOf(handle);
    const started = deferred();
    const reason = lock.run(
      'endpoint',
      async (held) => {
        started.resolve();
        await once(held, 'abort');
        return held.reason as unknown;
      },
      { waitMs: 0 },
    );
    await started.promise;
    await lock.close();

    expect(handle.asked.release).toBe(1);
    expect(await reason).toMatchObject({ message: 'The app is shutting down.' });
  });
});

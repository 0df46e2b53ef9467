import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { StoreLock, type LockContender } from '../../../lib/bullmq/store-lock.js';
import { deferred } from '../../support/deferred.js';
import { until } from '../../support/until.js';

const LEASE_MS = 200;

/** A contender that does what the test says, and counts what it was asked. */
class Scripted implements LockContender {
  readonly asked = { take: 0, renew: 0, release: 0 };
  lost: () => void = () => undefined;
  taking: () => Promise<boolean> = async () => true;
  renewing: () => Promise<boolean> = async () => true;

  take = (): Promise<boolean> => this.#count('take', this.taking);
  renew = (): Promise<boolean> => this.#count('renew', this.renewing);
  release = async (): Promise<void> => {
    this.asked.release += 1;
  };

  #count<T>(what: 'take' | 'renew', answer: () => Promise<T>): Promise<T> {
    this.asked[what] += 1;
    return answer();
  }
}

describe('StoreLock', () => {
  const locks: StoreLock[] = [];

  const lockOf = (contender: Scripted) => {
    const lock = new StoreLock(
      (_name, lost) => {
        contender.lost = lost;
        return contender;
      },
      { leaseMs: LEASE_MS },
    );
    locks.push(lock);
    return lock;
  };

  /** Runs until `held` aborts, and gives the reason. */
  const untilLost = (lock: StoreLock): Promise<unknown> =>
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

  it('gives what the work gives, and then gives the lock back', async () => {
    const contender = new Scripted();

    expect(await lockOf(contender).run('endpoint', async () => 'done', { waitMs: 0 })).toBe('done');
    expect(contender.asked).toMatchObject({ take: 1, release: 1 });
  });

  it('gives the lock back when the work fails, and throws what that threw', async () => {
    const contender = new Scripted();
    const failure = new Error('the work');

    await expect(lockOf(contender).run('endpoint', () => Promise.reject(failure), { waitMs: 0 })).rejects.toBe(failure);
    expect(contender.asked.release).toBe(1);
  });

  it('asks again while another has it, or the store is away', async () => {
    const contender = new Scripted();
    const answers = [async () => false, async () => Promise.reject(new Error('away')), async () => true];
    contender.taking = () => answers.shift()!();

    expect(await lockOf(contender).run('endpoint', async () => 'done', { waitMs: 60_000 })).toBe('done');
    expect(contender.asked.take).toBe(3);
  });

  it('asks once when it is not to wait', async () => {
    const contender = new Scripted();
    contender.taking = async () => false;

    await expect(lockOf(contender).run('endpoint', async () => 'done', { waitMs: 0 })).rejects.toMatchObject({
      code: 'inbox_unavailable',
      message: 'Another process has had the lock "endpoint" for 0 ms.',
    });
    expect(contender.asked).toEqual({ take: 1, renew: 0, release: 1 });
  });

  it('says what the store has when that is away', async () => {
    const contender = new Scripted();
    const cause = new Error('away');
    contender.taking = () => Promise.reject(cause);

    await expect(lockOf(contender).run('endpoint', async () => 'done', { waitMs: 100 })).rejects.toMatchObject({
      code: 'inbox_unavailable',
      cause,
    });
  });

  it('keeps the lock for as long as the work takes', async () => {
    const contender = new Scripted();
    const aborted = await lockOf(contender).run(
      'endpoint',
      async (held) => {
        await until(() => contender.asked.renew >= 8);
        return held.aborted;
      },
      { waitMs: 0 },
    );

    expect(aborted).toBe(false);
    const { renew } = contender.asked;
    await until(async () => contender.asked.release === 1);
    expect(contender.asked.renew).toBe(renew);
  });

  it.each([
    ['the store says that another has it', async (): Promise<boolean> => false],
    ['the store is not heard of', (): Promise<boolean> => Promise.reject(new Error('away'))],
    ['the store never answers', (): Promise<boolean> => deferred<boolean>().promise],
  ])('tells the work when %s', async (_when, renewing) => {
    const contender = new Scripted();
    contender.renewing = renewing;

    expect(await untilLost(lockOf(contender))).toMatchObject({
      code: 'inbox_unavailable',
      message: 'The lock "endpoint" was lost.',
    });
  });

  it('tells the work at once when its contender knows', async () => {
    const contender = new Scripted();
    contender.renewing = async () => {
      contender.lost();
      return true;
    };

    expect(await untilLost(lockOf(contender))).toMatchObject({ message: 'The lock "endpoint" was lost.' });
    expect(contender.asked.renew).toBe(1);
  });

  it('tells the work when the app closes, and waits for its end', async () => {
    const contender = new Scripted();
    const lock = lockOf(contender);
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

    expect(contender.asked.release).toBe(1);
    expect(await reason).toMatchObject({ message: 'The app is shutting down.' });
  });
});

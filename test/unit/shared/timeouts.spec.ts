import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TimeoutError } from '../../../lib/errors.js';
import { settlesWithin, withTimeout } from '../../../lib/shared/timeouts.js';
import { deferred, type Deferred } from '../../support/deferred.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('settlesWithin', () => {
  it.each([
    { what: 'resolves', settle: ({ resolve }: Deferred) => resolve() },
    { what: 'rejects', settle: ({ reject }: Deferred) => reject(new Error('no')) },
  ])('returns true for work that $what in time, and clears its timer', async ({ settle }) => {
    const work = deferred();
    const answer = settlesWithin(work.promise, 1000);
    await jest.advanceTimersByTimeAsync(999);
    settle(work);

    expect(await answer).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('returns false for work that takes longer', async () => {
    const answer = settlesWithin(deferred().promise, 1000);
    await jest.advanceTimersByTimeAsync(1000);
    expect(await answer).toBe(false);
  });
});

describe('withTimeout', () => {
  it('returns the result of the work', async () => {
    const error = new Error('its own');
    expect(await withTimeout(Promise.resolve(7), 1000, 'Too long')).toBe(7);
    await expect(withTimeout(Promise.reject(error), 1000, 'Too long')).rejects.toBe(error);
  });

  it('rejects with a TimeoutError that names the work and the time', async () => {
    const answer = withTimeout(deferred().promise, 1000, 'The keys took too long').catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(1000);

    expect(await answer).toBeInstanceOf(TimeoutError);
    expect(await answer).toMatchObject({ message: 'The keys took too long (1000 ms).' });
  });
});

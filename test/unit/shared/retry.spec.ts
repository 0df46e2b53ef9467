import { describe, expect, it, jest } from '@jest/globals';
import { retry } from '../../../lib/shared/retry.js';

/** Work that fails so many times, then returns the number of its runs. */
function failing(failures: number) {
  let runs = 0;
  return jest.fn(async () => {
    runs += 1;
    if (runs <= failures) throw new Error(`failure ${runs}`);
    return runs;
  });
}

describe('retry', () => {
  it('returns the first result without a pause', async () => {
    const work = failing(0);
    const delayMs = jest.fn(() => 60_000);
    expect(await retry(work, { attempts: 3, delayMs })).toBe(1);
    expect(delayMs).not.toHaveBeenCalled();
  });

  it('pauses after each failure for as long as that attempt and error require', async () => {
    const work = failing(2);
    const delayMs = jest.fn((_attempt: number, _error: unknown) => 20);
    const startedAt = performance.now();

    expect(await retry(work, { attempts: 3, delayMs })).toBe(3);
    // A timer may fire up to 1 ms early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(38);
    expect(delayMs.mock.calls).toEqual([
      [1, new Error('failure 1')],
      [2, new Error('failure 2')],
    ]);
  });

  it('rejects with the last error once the attempts are used up', async () => {
    const work = failing(5);
    await expect(retry(work, { attempts: 3, delayMs: () => 1 })).rejects.toThrow('failure 3');
    expect(work).toHaveBeenCalledTimes(3);
  });

  it('does not retry an error that is not transient', async () => {
    const work = failing(1);
    const options = { attempts: 3, delayMs: () => 10, isTransient: () => false };

    await expect(retry(work, options)).rejects.toThrow('failure 1');
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("rejects with the signal's reason when it aborts during a pause", async () => {
    const controller = new AbortController();
    const work = failing(5);
    const delayMs = () => {
      setImmediate(() => controller.abort(new Error('closed')));
      return 60_000;
    };
    const result = retry(work, { attempts: 3, delayMs, signal: controller.signal });

    await expect(result).rejects.toThrow('closed');
    expect(work).toHaveBeenCalledTimes(1);
  });
});

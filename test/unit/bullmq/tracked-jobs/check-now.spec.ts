import { describe, expect, it } from '@jest/globals';
import { checkNow } from '../../../../lib/bullmq/tracked-jobs/check-now.js';

/** A job that goes through these states, one for each attempt to wake it. */
function jobIn(...states: string[]) {
  const left = [...states];
  const job = {
    id: 't1',
    tries: 0,
    async changeDelay() {
      job.tries += 1;
      if (left[0] === 'delayed') return;
      throw Object.assign(new Error('not so'), { code: left[0] === 'missing' ? -1 : -3 });
    },
    async getState() {
      return left.length > 1 ? left.shift() : left[0];
    },
  };
  return job as unknown as Parameters<typeof checkNow>[0] & { readonly tries: number };
}

describe('checking a tracked job now', () => {
  it.each(['delayed', 'waiting', 'completed', 'failed', 'missing'])(
    'happens at once for a job that is %s',
    async (state) => {
      const job = jobIn(state);
      await checkNow(job);
      expect(job.tries).toBe(1);
    },
  );

  it('waits for a running check, which may have polled too early', async () => {
    const job = jobIn('active', 'active', 'delayed');
    await checkNow(job);
    expect(job.tries).toBe(3);
  });

  it('does not wait forever', async () => {
    await expect(checkNow(jobIn('active'))).rejects.toThrow('t1 is still being checked');
  });

  it('rejects when the store fails', async () => {
    const job = jobIn('delayed');
    job.changeDelay = () => Promise.reject(new Error('connection lost'));
    await expect(checkNow(job)).rejects.toThrow('connection lost');
  });
});

import { describe, expect, it } from '@jest/globals';
import { wake } from '../../../lib/bullmq/wake.js';

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
  return job as unknown as Parameters<typeof wake>[0] & { readonly tries: number };
}

describe('waking a tracked job', () => {
  it.each(['delayed', 'waiting', 'completed', 'failed', 'missing'])(
    'is done at once with one that is %s',
    async (state) => {
      const job = jobIn(state);
      await wake(job);
      expect(job.tries).toBe(1);
    },
  );

  it('waits for a check that is under way, which may have looked too early', async () => {
    const job = jobIn('active', 'active', 'delayed');
    await wake(job);
    expect(job.tries).toBe(3);
  });

  it('does not wait for ever', async () => {
    await expect(wake(jobIn('active'))).rejects.toThrow('t1 is still being looked up');
  });

  it('says when the store fails', async () => {
    const job = jobIn('delayed');
    job.changeDelay = () => Promise.reject(new Error('connection lost'));
    await expect(wake(job)).rejects.toThrow('connection lost');
  });
});

import { describe, expect, it } from '@jest/globals';
import { EndedJobs } from '../../../../lib/bullmq/tracked-jobs/ended-jobs.js';
import { trackedJobId } from '../../../../lib/bullmq/tracked-jobs/tracked-job.js';
import { deferred } from '../../../support/deferred.js';
import { until } from '../../../support/until.js';

describe('EndedJobs', () => {
  it('notifies watchers in this process and publishes short ids to peers', async () => {
    const messages: (readonly string[])[] = [];
    const endedJobs = new EndedJobs(
      async (ids) => void messages.push(ids),
      () => undefined,
    );
    const notified: string[] = [];
    endedJobs.watch('a', () => notified.push('a'));
    const unwatch = endedJobs.watch('a', () => notified.push('unwatched'));
    unwatch();
    unwatch();
    endedJobs.publish('a');
    endedJobs.publish('b');
    await until(() => messages.flat().length === 2);

    expect(notified).toEqual(['a']);
    expect(messages.flat()).toEqual([trackedJobId('a'), trackedJobId('b')]);
    endedJobs.receive(messages.flat());
    expect(notified).toEqual(['a', 'a']);
  });

  it('still notifies a caller that watches a job twice with one function and ends one of the watches', () => {
    const endedJobs = new EndedJobs(
      async () => undefined,
      () => undefined,
    );
    let calls = 0;
    const changed = () => void (calls += 1);
    const unwatch = endedJobs.watch('a', changed);
    endedJobs.watch('a', changed);
    unwatch();
    endedJobs.publish('a');

    expect(calls).toBe(1);
  });

  it('batches ids while a message is in flight and continues after a failed one', async () => {
    const gate = deferred();
    const messages: number[] = [];
    const failures: unknown[] = [];
    const endedJobs = new EndedJobs(
      async (ids) => {
        messages.push(ids.length);
        if (messages.length > 1) return;
        await gate.promise;
        throw new Error('lost');
      },
      (error) => failures.push(error),
    );
    for (let job = 0; job < 6_001; job += 1) endedJobs.publish(`job.${job}`);
    gate.resolve();
    await until(() => messages.length === 3);

    expect(messages).toEqual([1, 5_000, 1_000]);
    expect(failures).toEqual([new Error('lost')]);
  });
});

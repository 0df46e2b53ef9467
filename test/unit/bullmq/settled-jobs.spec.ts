import { describe, expect, it } from '@jest/globals';
import { SettledJobs } from '../../../lib/bullmq/settled-jobs.js';
import { trackedJobId } from '../../../lib/bullmq/tracked-job.js';
import { deferred } from '../../support/deferred.js';
import { until } from '../../support/until.js';

describe('jobs that have ended', () => {
  it('are told to who watches them here, and to the others by short ids', async () => {
    const messages: (readonly string[])[] = [];
    const settled = new SettledJobs(
      async (ids) => void messages.push(ids),
      () => undefined,
    );
    const told: string[] = [];
    settled.watch('a', () => told.push('a'));
    const unwatch = settled.watch('a', () => told.push('unwatched'));
    unwatch();
    unwatch();
    settled.tell('a');
    settled.tell('b');
    await until(() => messages.flat().length === 2);

    expect(told).toEqual(['a']);
    expect(messages.flat()).toEqual([trackedJobId('a'), trackedJobId('b')]);
    settled.hear(messages.flat());
    expect(told).toEqual(['a', 'a']);
  });

  it('travel together while a message is on its way, and past one that is lost', async () => {
    const gate = deferred();
    const messages: number[] = [];
    const failures: unknown[] = [];
    const settled = new SettledJobs(
      async (ids) => {
        messages.push(ids.length);
        if (messages.length > 1) return;
        await gate.promise;
        throw new Error('lost');
      },
      (error) => failures.push(error),
    );
    for (let job = 0; job < 6_001; job += 1) settled.tell(`job.${job}`);
    gate.resolve();
    await until(() => messages.length === 3);

    expect(messages).toEqual([1, 5_000, 1_000]);
    expect(failures).toEqual([new Error('lost')]);
  });
});

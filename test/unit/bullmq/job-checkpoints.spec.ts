import { describe, expect, it } from '@jest/globals';
import type { DeliveryJob } from '../../../lib/bullmq/inbox-store.js';
import { JobCheckpoints, progressOf, succeededOf, type DeliveryProgress } from '../../../lib/bullmq/job-checkpoints.js';
import { deferred, type Deferred } from '../../support/deferred.js';

/** A job whose writes the test lets through, one by one. */
function slowJob(progress: unknown = 0) {
  const written: DeliveryProgress[] = [];
  const pending: Deferred[] = [];
  const updateProgress = async (next: DeliveryProgress) => {
    const gate = deferred();
    pending.push(gate);
    await gate.promise;
    written.push(next);
  };
  const job = { progress, attemptsMade: 0, updateProgress } as unknown as DeliveryJob;
  return { job, written, pending };
}

function jobOf(progress: unknown, attemptsMade = 0): DeliveryJob {
  return { progress, attemptsMade, updateProgress: async () => undefined } as unknown as DeliveryJob;
}

describe('the progress of a job', () => {
  it.each([[0], [null], ['text'], [undefined]])('is empty where nothing was checkpointed: %j', (progress) => {
    expect(progressOf({ progress })).toEqual({});
    expect(new JobCheckpoints(jobOf(progress)).progress).toEqual({});
  });

  it('tells which handlers have succeeded', () => {
    expect(succeededOf({ handlers: { a: 'succeeded', b: 'failed' } })).toEqual({ a: 'succeeded' });
    expect(succeededOf({})).toEqual({});
  });
});

describe('the checkpoints of a job', () => {
  it('know what an earlier attempt has settled, and how', () => {
    const checkpoints = new JobCheckpoints(jobOf({ handlers: { a: 'succeeded', b: 'failed' } }));

    expect(['a', 'b', 'c', 'constructor'].map((name) => checkpoints.has(name))).toEqual([true, true, false, false]);
    expect(checkpoints.failed).toEqual(['b']);
  });

  it('have a handler settled once it is written', async () => {
    const { job, pending, written } = slowJob();
    const checkpoints = new JobCheckpoints(job);
    const settled = checkpoints.settle('a', 'succeeded').then(() => [...written]);

    expect(checkpoints.has('a')).toBe(true);
    pending[0]!.resolve();
    expect(await settled).toEqual([{ handlers: { a: 'succeeded' } }]);
  });

  it('write one at a time, the newest last, and resolve no one before theirs is written', async () => {
    const { job, pending, written } = slowJob();
    const checkpoints = new JobCheckpoints(job);
    const first = checkpoints.settle('a', 'succeeded');
    const others = [checkpoints.settle('b', 'failed'), checkpoints.settle('c', 'succeeded')];
    const seen = others.map((other) => other.then(() => written.at(-1)));

    expect(pending).toHaveLength(1);
    pending[0]!.resolve();
    while (pending.length < 2) await Promise.resolve();
    expect(written).toEqual([{ handlers: { a: 'succeeded' } }]);
    pending[1]!.resolve();
    await first;

    const all = { handlers: { a: 'succeeded', b: 'failed', c: 'succeeded' } };
    expect(await Promise.all(seen)).toEqual([all, all]);
    expect(written).toHaveLength(2);
  });

  it('reject when the store refuses, and write everything with the next', async () => {
    const { job, pending, written } = slowJob();
    const checkpoints = new JobCheckpoints(job);
    const refused = checkpoints.settle('a', 'succeeded');
    pending[0]!.reject(new Error('the store is down'));
    await expect(refused).rejects.toThrow('the store is down');

    const next = checkpoints.settle('b', 'succeeded');
    pending[1]!.resolve();
    await next;
    expect(written).toEqual([{ handlers: { a: 'succeeded', b: 'succeeded' } }]);
  });

  it('take what is only noted along with the next write', async () => {
    const { job, pending, written } = slowJob();
    const checkpoints = new JobCheckpoints(job);
    checkpoints.note({ announced: true });
    expect(pending).toEqual([]);

    const next = checkpoints.settle('a', 'succeeded');
    pending[0]!.resolve();
    await next;
    expect(written).toEqual([{ announced: true, handlers: { a: 'succeeded' } }]);
  });

  it('forget what failed for good once a person has had the job retried, and not before', () => {
    const progress = { announced: true, givenUpAt: 2, handlers: { a: 'succeeded', b: 'failed' } };

    expect(new JobCheckpoints(jobOf(progress, 1)).progress).toEqual(progress);
    expect(new JobCheckpoints(jobOf(progress, 2)).progress).toEqual({ announced: true, handlers: { a: 'succeeded' } });
  });
});

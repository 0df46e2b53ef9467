import { describe, expect, it } from '@jest/globals';
import type { DeliveryJob } from '../../../../lib/bullmq/store/inbox-store.js';
import {
  DeliveryCheckpoints,
  progressOf,
  succeededHandlers,
  unfinishedHandlers,
  type DeliveryProgress,
} from '../../../../lib/bullmq/deliveries/delivery-checkpoints.js';
import { RetryBudget } from '../../../../lib/bullmq/deliveries/retry-budget.js';
import { deferred, type Deferred } from '../../../support/deferred.js';

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

/** Checkpoints of a process without completed handlers. It retries nothing unless the test sets `retryMs`. */
function checkpointsOf(job: DeliveryJob, { retryMs = 0, failures = [] as string[] } = {}) {
  const completed = { handlers: new Map(), unwritten: false };
  const onFailure = (message: string) => failures.push(message);
  const options = { completed, retryBudget: new RetryBudget(retryMs), onFailure };
  return { checkpoints: new DeliveryCheckpoints(job, options), completed, failures, options };
}

describe('the progress of a delivery job', () => {
  it.each([[0], [null], ['text'], [undefined]])('is empty without checkpoints: %j', (progress) => {
    expect(progressOf({ progress })).toEqual({});
    expect(checkpointsOf(jobOf(progress)).checkpoints.progress).toEqual({});
  });

  it('contains which handlers have succeeded', () => {
    expect(succeededHandlers({ handlers: { a: 'succeeded', b: 'failed' } })).toEqual({ a: 'succeeded' });
    expect(succeededHandlers({})).toEqual({});
  });

  it('contains which handlers a retry must run: those that have failed, or begun and not completed', () => {
    const handlers = { a: 'succeeded', b: 'failed' } as const;
    expect(unfinishedHandlers({ handlers, unfinished: ['a', 'c'] })).toEqual(['c', 'b']);
  });
});

describe('the checkpoints of a delivery job', () => {
  it('include the outcomes of an earlier attempt', () => {
    const checkpoints = checkpointsOf(jobOf({ handlers: { a: 'succeeded', b: 'failed' } })).checkpoints;

    expect(['a', 'b', 'c', 'constructor'].map((name) => checkpoints.has(name))).toEqual([true, true, false, false]);
    expect(checkpoints.failed).toEqual(['b']);
  });

  it('resolve when the outcome of a handler is written', async () => {
    const { job, pending, written } = slowJob();
    const checkpoints = checkpointsOf(job).checkpoints;
    const resolved = checkpoints.settle('a', 'succeeded').then(() => [...written]);

    expect(checkpoints.has('a')).toBe(true);
    pending[0]!.resolve();
    expect(await resolved).toEqual([{ handlers: { a: 'succeeded' } }]);
  });

  it('are written one at a time with the newest last, and resolve only when written', async () => {
    const { job, pending, written } = slowJob();
    const checkpoints = checkpointsOf(job).checkpoints;
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

  it('hold in this process when a write fails, report it, and are all written with the next one', async () => {
    const { job, pending, written } = slowJob();
    const { checkpoints, completed, failures, options } = checkpointsOf(job);
    const refused = checkpoints.settle('a', 'succeeded');
    pending[0]!.reject(new Error('the store is down'));
    await refused;
    expect(failures).toEqual([expect.stringContaining('the store is down')]);
    expect(completed.unwritten).toBe(true);
    expect(new DeliveryCheckpoints(jobOf(0), options).has('a')).toBe(true);

    const next = checkpoints.settle('b', 'succeeded');
    pending[1]!.resolve();
    await next;
    expect(written).toEqual([{ handlers: { a: 'succeeded', b: 'succeeded' } }]);
    expect(completed.unwritten).toBe(false);
  });

  it('are retried within the retry budget', async () => {
    let refusals = 3;
    const written: DeliveryProgress[] = [];
    const updateProgress = async (progress: DeliveryProgress) => {
      if (refusals-- > 0) throw new Error('the store is down');
      written.push(progress);
    };
    const job = { progress: 0, attemptsMade: 0, updateProgress } as unknown as DeliveryJob;
    const { checkpoints, completed } = checkpointsOf(job, { retryMs: 10_000 });
    await checkpoints.settle('a', 'succeeded');

    expect(written).toEqual([{ handlers: { a: 'succeeded' } }]);
    expect(completed.unwritten).toBe(false);
  });

  it('do not wait for a full store unless the event continues in another process or later', async () => {
    const full = { isFull: true, writes: 0 };
    const updateProgress = async () => {
      full.writes += 1;
      if (full.isFull) throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
    };
    const job = { progress: 0, attemptsMade: 0, updateProgress } as unknown as DeliveryJob;
    const { checkpoints, completed } = checkpointsOf(job, { retryMs: 10_000 });
    await checkpoints.settle('a', 'succeeded');
    expect([full.writes, completed.unwritten, checkpoints.has('a')]).toEqual([1, true, true]);

    const flushed = checkpoints.flush();
    while (full.writes < 2) await Promise.resolve();
    full.isFull = false;
    await flushed;
    expect([full.writes, completed.unwritten]).toEqual([3, false]);
    await checkpoints.flush();
    expect(full.writes).toBe(3);
  });

  it('include noted changes in the next write', async () => {
    const { job, pending, written } = slowJob();
    const checkpoints = checkpointsOf(job).checkpoints;
    checkpoints.note({ announced: true });
    expect(pending).toEqual([]);

    const next = checkpoints.settle('a', 'succeeded');
    pending[0]!.resolve();
    await next;
    expect(written).toEqual([{ announced: true, handlers: { a: 'succeeded' } }]);
  });

  it('forget permanent failures once a person retries the job, not earlier', () => {
    const progress = { announced: true, givenUpAt: 2, handlers: { a: 'succeeded', b: 'failed' } };

    expect(checkpointsOf(jobOf(progress, 1)).checkpoints.progress).toEqual(progress);
    expect(checkpointsOf(jobOf(progress, 2)).checkpoints.progress).toEqual({
      announced: true,
      handlers: { a: 'succeeded' },
      unfinished: ['b'],
    });
  });

  it('are not written if there is nothing to write', async () => {
    const { job, pending } = slowJob();
    const flushed = checkpointsOf(job).checkpoints.flush();

    expect(pending).toEqual([]);
    await flushed;
  });

  it('are written for the last handler, too, once the store has any', async () => {
    const { job, pending, written } = slowJob();
    const { checkpoints } = checkpointsOf(job);
    checkpoints.begin([{ name: 'a' }, { name: 'b' }]);
    for (const name of ['a', 'b']) {
      const settled = checkpoints.settle(name, 'succeeded');
      pending.at(-1)!.resolve();
      await settled;
    }

    expect(written).toEqual([
      { handlers: { a: 'succeeded' }, unfinished: ['b'] },
      { handlers: { a: 'succeeded', b: 'succeeded' } },
    ]);
  });

  it('accept the outcome of a handler that this attempt has not begun', async () => {
    const { checkpoints } = checkpointsOf(jobOf(0));
    checkpoints.begin([{ name: 'a' }]);
    await checkpoints.settle('overdue', 'succeeded');

    expect(checkpoints.has('overdue')).toBe(true);
  });

  it('contain nothing of a handler that begins although it has completed, nor of failures if there were none', () => {
    const { checkpoints } = checkpointsOf(jobOf({ handlers: { a: 'succeeded' }, givenUpAt: 1 }, 1));
    expect(checkpoints.progress).toStrictEqual({ handlers: { a: 'succeeded' } });

    checkpoints.begin([{ name: 'a' }]);
    expect(checkpoints.progress).toStrictEqual({ handlers: { a: 'succeeded' } });
  });

  it('record once what the event waits for, and again if that is more', async () => {
    const { job, pending, written } = slowJob({ unfinished: ['a'], waitingSince: 5 });
    const { checkpoints } = checkpointsOf(job);
    const known = checkpoints.waitFor(['a'], 5);
    expect(pending).toEqual([]);
    await known;

    const more = checkpoints.waitFor(['b'], 5);
    expect(pending).toHaveLength(1);
    pending[0]!.resolve();
    await more;
    expect(written).toEqual([{ unfinished: ['a', 'b'], waitingSince: 5 }]);
  });

  it('name the handlers that have begun, with the next write, until they have settled', async () => {
    const { job, pending, written } = slowJob({ unfinished: ['old'] });
    const checkpoints = checkpointsOf(job).checkpoints;
    checkpoints.begin(['a', 'b', 'old'].map((name) => ({ name })));
    expect([pending.length, checkpoints.unfinished]).toEqual([0, ['old', 'a', 'b']]);

    for (const name of ['a', 'b', 'old']) {
      const settled = checkpoints.settle(name, 'succeeded');
      pending.at(-1)!.resolve();
      await settled;
    }
    expect(written.map(({ unfinished }) => unfinished)).toEqual([['old', 'b'], ['old'], undefined]);
  });

  it('do not name a handler as unfinished that completed in this process', () => {
    const { completed, options } = checkpointsOf(jobOf(0));
    completed.handlers.set('a', 'succeeded');
    const checkpoints = new DeliveryCheckpoints(jobOf({ unfinished: ['a', 'b'] }), options);
    checkpoints.begin([{ name: 'a' }]);
    expect(checkpoints.unfinished).toEqual(['b']);
  });

  it("leave the success of an event's only handler to the completion of the event, and remember it in this process", async () => {
    const { job, pending, written } = slowJob();
    const { checkpoints, completed, options } = checkpointsOf(job);
    checkpoints.begin([{ name: 'a' }]);
    await checkpoints.settle('a', 'succeeded');
    expect([pending.length, completed.unwritten]).toEqual([0, true]);
    expect(new DeliveryCheckpoints(jobOf(0), options).has('a')).toBe(true);

    const flushed = checkpoints.flush();
    pending[0]!.resolve();
    await flushed;
    expect(written).toEqual([{ handlers: { a: 'succeeded' } }]);
    expect(completed.unwritten).toBe(false);
    await checkpoints.flush();
    expect(pending).toHaveLength(1);
  });

  it.each([{ handlers: { broken: 'failed' } }, { unfinished: ['a'] }])(
    'replace those of an earlier attempt: %j',
    async (progress) => {
      const { job, pending, written } = slowJob(progress);
      const { checkpoints } = checkpointsOf(job);
      checkpoints.begin([{ name: 'a' }]);
      const settled = checkpoints.settle('a', 'succeeded');
      pending[0]!.resolve();
      await settled;
      expect(written).toMatchObject([{ handlers: { a: 'succeeded' } }]);
    },
  );

  it('are written for each of several handlers, but not for a handler of the module itself', async () => {
    const { job, pending, written } = slowJob();
    const { checkpoints, completed } = checkpointsOf(job);
    checkpoints.begin([{ name: 'a' }, { name: 'b' }, { name: 'GeminiJobs', isInternal: true }]);
    for (const name of ['a', 'b']) {
      const settled = checkpoints.settle(name, 'succeeded');
      pending.at(-1)!.resolve();
      await settled;
    }
    expect(written).toEqual([
      { handlers: { a: 'succeeded' }, unfinished: ['b'] },
      { handlers: { a: 'succeeded', b: 'succeeded' } },
    ]);

    await checkpoints.settle('GeminiJobs', 'succeeded');
    expect([pending.length, completed.unwritten]).toEqual([2, true]);
  });

  it('are written at once when a handler succeeds after its attempt, because no completion follows', async () => {
    const { job, pending, written } = slowJob();
    const { checkpoints } = checkpointsOf(job);
    checkpoints.begin([{ name: 'overdue' }]);
    const ended = checkpoints.update({ waitingSince: undefined });
    pending[0]!.resolve();
    await ended;

    const settled = checkpoints.settle('overdue', 'succeeded');
    pending[1]!.resolve();
    await settled;
    expect(written.at(-1)).toEqual({ handlers: { overdue: 'succeeded' } });
  });

  it('of two attempts in one process are known to both, and each write has those of both', async () => {
    const written: DeliveryProgress[] = [];
    const job = Object.assign(jobOf(0), { updateProgress: async (next: DeliveryProgress) => void written.push(next) });
    const { checkpoints: first, options } = checkpointsOf(job);
    first.begin([{ name: 'overdue' }, { name: 'other' }]);
    await first.update({});
    const second = new DeliveryCheckpoints(
      Object.assign(jobOf(written[0], 1), { updateProgress: job.updateProgress }),
      options,
    );
    second.begin([{ name: 'overdue' }, { name: 'other' }]);
    await second.settle('other', 'succeeded');
    await first.settle('overdue', 'succeeded');

    expect(second.has('overdue')).toBe(true);
    expect(second.unfinished).toEqual([]);
    expect(written.at(-1)).toEqual({ handlers: { other: 'succeeded', overdue: 'succeeded' } });
    await second.update({ announced: true });
    expect(written.at(-1)).toEqual({ handlers: { other: 'succeeded', overdue: 'succeeded' }, announced: true });
  });
});

describe('the checkpoint of a handler that completes after its attempt', () => {
  /** The job as it is in the store when the handler completes; `undefined` if it is gone. */
  type Stored = DeliveryProgress | undefined;

  const settledLate = async (
    load: (id: string) => Promise<Stored>,
    { outcome = 'succeeded', retryMs = 0 }: { outcome?: 'succeeded' | 'failed'; retryMs?: number } = {},
  ) => {
    const written: unknown[] = [];
    const loaded: string[] = [];
    const job = {
      id: 'e1',
      progress: {},
      attemptsMade: 0,
      updateProgress: async (next: unknown) => written.push(next),
    };
    const { options, completed, failures } = checkpointsOf(jobOf({}), { retryMs });
    const checkpoints = new DeliveryCheckpoints(job as unknown as DeliveryJob, {
      ...options,
      load: async (id) => {
        loaded.push(id);
        const progress = await load(id);
        return progress && { progress };
      },
    });
    checkpoints.begin([{ name: 'slow' }, { name: 'other' }]);
    await checkpoints.settle('other', 'failed');
    expect(loaded).toEqual([]);
    written.splice(0);
    checkpoints.end();
    await checkpoints.settle('slow', outcome);
    return { written, loaded, completed, failures };
  };

  it('keeps that an operator has discarded the event meanwhile', async () => {
    const { written, loaded } = await settledLate(async () => ({ discarded: true, unfinished: ['slow', 'other'] }));

    expect(loaded).toEqual(['e1']);
    expect(written).toEqual([{ discarded: true, handlers: { slow: 'succeeded' }, unfinished: ['other'] }]);
  });

  it('keeps what a later attempt has written', async () => {
    const stored: DeliveryProgress = { handlers: { other: 'succeeded' }, unfinished: ['slow'] };
    const { written } = await settledLate(async () => stored, { outcome: 'failed' });

    expect(written).toEqual([{ handlers: { other: 'succeeded', slow: 'failed' } }]);
  });

  it('names nothing as unfinished if the store has nothing unfinished', async () => {
    const { written } = await settledLate(async () => ({ handlers: { other: 'succeeded' } }));

    expect(written).toStrictEqual([{ handlers: { other: 'succeeded', slow: 'succeeded' } }]);
  });

  it('writes nothing into a replay from the start', async () => {
    const { written } = await settledLate(async () => ({ generation: 1, handlers: {} }));

    expect(written).toEqual([]);
  });

  it('writes nothing, and reports nothing, if the event is gone', async () => {
    const { written, failures, completed } = await settledLate(async () => undefined);

    expect([written, failures, completed.unwritten]).toEqual([[], [], false]);
  });

  it('is written once the store answers again, and remembered in this process until then', async () => {
    let reads = 0;
    const read = async () => {
      reads += 1;
      if (reads === 1) throw new Error('no connection');
      return {};
    };
    const { written, failures, completed } = await settledLate(read, { retryMs: 10_000 });

    expect(written).toEqual([{ handlers: { slow: 'succeeded' } }]);
    expect(failures).toEqual([expect.stringContaining('remembered in this process only: no connection')]);
    expect(completed.unwritten).toBe(true);
  });

  it('is remembered in this process if the store does not answer in time', async () => {
    const { written, failures, completed } = await settledLate(() => Promise.reject(new Error('no connection')));

    expect([written, failures.length]).toEqual([[], 1]);
    expect([completed.unwritten, completed.handlers.get('slow')]).toEqual([true, 'succeeded']);
  });
});

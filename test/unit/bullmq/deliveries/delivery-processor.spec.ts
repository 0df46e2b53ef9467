import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { HandlerCheckpoints } from '../../../../lib/handlers/dispatch.js';
import { toDeliveryJobData } from '../../../../lib/bullmq/store/delivery-job.js';
import { deferred, type Deferred } from '../../../support/deferred.js';
import { deliveryOf } from '../../../support/deliveries.js';
import { DeliveryBench } from '../../../support/delivery-bench.js';
import { until } from '../../../support/until.js';

const MINUTE_MS = 60_000;

describe('the processor of delivery jobs', () => {
  it('completes an event when all its handlers have completed', async () => {
    const bench = new DeliveryBench();
    expect(await bench.work()).toBeUndefined();
    expect(bench.ran).toEqual(['mine']);
  });

  it('hands off an event to the worker that has the missing handler, without using up an attempt', async () => {
    const bench = new DeliveryBench();
    bench.elsewhere('theirs');

    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.moves).toEqual(['delayed']);
    expect(bench.job.progress).toEqual({
      announced: true,
      handlers: { mine: 'succeeded' },
      unfinished: ['theirs'],
      waitingSince: bench.now,
    });
  });

  it('waits for a missing handler for 15 minutes, then fails the event and names the handler', async () => {
    const bench = new DeliveryBench();
    bench.elsewhere('theirs');
    await bench.work();

    bench.now += 15 * MINUTE_MS;
    bench.elsewhere('theirs');
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.waits).toEqual([]);
    bench.now += 1;
    expect(await bench.work()).toMatchObject({
      name: 'UnrecoverableError',
      message: expect.stringContaining('theirs'),
    });
  });

  it('restarts the wait for a missing handler after a retry: backoff does not count as waiting', async () => {
    const bench = new DeliveryBench();
    bench.elsewhere('theirs');
    await bench.work();

    bench.outcome = { retryable: ['mine'], final: [] };
    expect(await bench.work()).toMatchObject({ message: expect.stringContaining('mine failed') });
    expect(bench.job.progress).not.toHaveProperty('waitingSince');

    bench.now += 60 * MINUTE_MS;
    bench.elsewhere('theirs');
    bench.outcome = { retryable: [], final: [] };
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
  });

  it('publishes to peers once, and again only after a failure', async () => {
    const bench = new DeliveryBench();
    bench.failPublish = true;
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.troubles).toEqual([expect.stringContaining('no connection')]);
    expect(bench.job.progress).not.toHaveProperty('announced');

    bench.failPublish = false;
    bench.outcome = { retryable: ['mine'], final: [] };
    await bench.work();
    await bench.work();
    expect(bench.published).toBe(1);
    expect(bench.job.progress).toMatchObject({ announced: true });
  });

  it('logs one line for each failed attempt and one when it waits for another worker', async () => {
    const bench = new DeliveryBench();
    bench.outcome = { retryable: ['mine', 'flaky'], final: ['hopeless'] };
    await bench.work();
    bench.job.attemptsMade = 1;
    bench.outcome = { retryable: [], final: [] };
    bench.elsewhere('theirs');
    await bench.work();
    await bench.work();

    expect(bench.logged).toEqual([
      'attempt 1: mine failed, flaky failed, hopeless failed for good',
      'attempt 2: waiting for a worker that has theirs',
    ]);
  });

  it('keeps what was written meanwhile when a handler succeeds after its attempt', async () => {
    const bench = new DeliveryBench();
    const overdue: HandlerCheckpoints[] = [];
    bench.host = {
      dispatch: async (_delivery, { checkpoints }) => {
        overdue.push(checkpoints);
        return { retryable: ['mine'], final: [] };
      },
    };
    await bench.work();
    bench.job.progress = { ...bench.job.progress, discarded: true };

    await overdue[0]!.settle('mine', 'succeeded');

    expect(bench.job.progress).toMatchObject({ discarded: true, handlers: { mine: 'succeeded' } });
  });

  it('does not retry a handler that failed permanently until a person retries the job', async () => {
    const bench = new DeliveryBench();
    bench.outcome = { retryable: [], final: ['mine'] };
    const reason = 'mine failed for good';
    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError', message: reason });
    expect(bench.job.progress).toMatchObject({ handlers: { mine: 'failed' }, givenUpAt: 1 });

    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError', message: reason });
    bench.memory.forget('e1');
    bench.job.attemptsMade = 1;
    bench.outcome = { retryable: [], final: [] };
    expect(await bench.work()).toBeUndefined();
    expect(bench.job.progress).toEqual({ announced: true, handlers: { mine: 'succeeded' } });
  });

  it('gives up on the last attempt, not earlier', async () => {
    const bench = new DeliveryBench();
    bench.outcome = { retryable: ['mine'], final: [] };
    for (bench.job.attemptsMade of [0, 1]) {
      await bench.work();
      expect(bench.job.progress).not.toHaveProperty('givenUpAt');
    }
    bench.job.attemptsMade = 2;
    await bench.work();
    expect(bench.job.progress).toMatchObject({ givenUpAt: 3 });
  });

  it('starts no handler once the app no longer waits for one, and leaves the event to another worker', async () => {
    const bench = new DeliveryBench();
    bench.shutdown.abort();

    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect([bench.ran, bench.moves, bench.troubles]).toEqual([[], ['delayed'], []]);
  });

  it('does not count an attempt that the shutdown interrupts, even the last one', async () => {
    const bench = new DeliveryBench();
    bench.job.attemptsMade = 2;
    bench.host = {
      dispatch: async () => {
        bench.shutdown.abort();
        return { retryable: ['mine'], final: [] };
      },
    };

    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.job.progress).not.toHaveProperty('givenUpAt');
    expect([bench.moves, bench.logged]).toEqual([['delayed'], []]);
  });

  it('completes an event whose handler has succeeded in spite of the shutdown', async () => {
    const bench = new DeliveryBench();
    bench.handle = async () => bench.shutdown.abort();

    expect(await bench.work()).toBeUndefined();
    expect(bench.moves).toEqual([]);
  });

  it.each([
    [
      'before it starts',
      (bench: DeliveryBench) => {
        bench.leaving.abort();
        bench.shutdown.abort();
      },
    ],
    [
      'while it runs',
      (bench: DeliveryBench) => {
        bench.host = {
          dispatch: async () => {
            bench.leaving.abort();
            bench.shutdown.abort();
            return { retryable: ['mine'], final: [] };
          },
        };
      },
    ],
  ])('tells the next worker of a handler that the shutdown interrupts %s', async (_when, interrupt) => {
    const bench = new DeliveryBench();
    interrupt(bench);
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });

    const next = bench.handOverTo('theirs');
    expect(await next.work()).toMatchObject({ name: 'DelayedError' });
    expect(next.job.progress).toMatchObject({ handlers: { theirs: 'succeeded' }, unfinished: ['mine'] });
  });

  describe('when its process leaves the others', () => {
    let bench: DeliveryBench;
    let hanging: Deferred;

    /** Starts the handler, which ignores its signal. */
    const start = async () => {
      void bench.work();
      await until(() => bench.ran.length > 0);
    };

    beforeEach(() => {
      bench = new DeliveryBench();
      hanging = deferred();
      bench.handle = () => hanging.promise;
    });

    afterEach(() => hanging.resolve());

    it.each([
      ['before', true],
      ['after', false],
    ])(
      'tells the next worker of a handler that started %s that, although its attempt never ends',
      async (_when, runs) => {
        if (!runs) bench.leaving.abort();
        await start();
        bench.leaving.abort();
        await until(() => 'unfinished' in bench.job.progress);

        const next = bench.handOverTo('theirs');
        expect(await next.work()).toMatchObject({ name: 'DelayedError' });
        expect(next.job.progress).toMatchObject({ unfinished: ['mine'] });
      },
    );

    it('starts the wait for a handler over that it had waited for and that now runs', async () => {
      bench.job.progress = { unfinished: ['mine'], waitingSince: bench.now - 16 * MINUTE_MS };
      await start();
      bench.leaving.abort();

      await until(() => !('waitingSince' in bench.job.progress));
      expect(bench.job.progress).toMatchObject({ unfinished: ['mine'] });
    });

    it('keeps the handler also if the lock cannot be checked', async () => {
      bench.job.extendLock = async () => {
        throw new Error('no connection');
      };
      await start();
      bench.leaving.abort();

      await until(() => 'unfinished' in bench.job.progress);
    });

    it('asks the store nothing for events without a handler that runs', async () => {
      bench.isInternal = true;
      await start();
      bench.leaving.abort();
      const ended = new DeliveryBench();
      ended.outcome = { retryable: ['mine'], final: [] };
      await ended.work();
      ended.leaving.abort();
      await new Promise(setImmediate);

      expect([bench.lockChecks, ended.lockChecks]).toEqual([0, 0]);
    });

    it('changes nothing if another worker has taken the event over meanwhile', async () => {
      await start();
      bench.hasLock = false;
      const theirs = { handlers: { mine: 'succeeded' }, generation: 1, discarded: true };
      bench.job.progress = theirs;
      bench.leaving.abort();
      await new Promise(setImmediate);

      expect(bench.job.progress).toBe(theirs);
    });
  });

  it('fails the attempt if the store refuses to keep what the shutdown interrupts for later', async () => {
    const bench = new DeliveryBench();
    bench.shutdown.abort();
    bench.job.moveToDelayed = async () => {
      throw new Error('no connection');
    };

    expect(await bench.work()).toMatchObject({ message: 'the store failed: the app is shutting down' });
  });

  it('waits the full time for a missing handler again after a person retries the job', async () => {
    const bench = new DeliveryBench();
    bench.elsewhere('theirs');
    await bench.work();
    bench.now += 16 * MINUTE_MS;
    bench.elsewhere('theirs');
    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError' });

    bench.job.attemptsMade = 1;
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
  });

  it('runs no handler of a discarded event', async () => {
    const bench = new DeliveryBench();
    bench.job.progress = { discarded: true };
    expect(await bench.work()).toBeUndefined();
    expect([bench.attempts, bench.published]).toEqual([[], 0]);
  });

  it('fails data of another version without retrying', async () => {
    const bench = new DeliveryBench();
    Object.assign(bench.job, { data: { v: 99 } });
    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError', message: expect.stringContaining('99') });
    expect(bench.attempts).toEqual([]);
  });

  it('passes the last attempt to the dispatcher, after which the event fails', async () => {
    const bench = new DeliveryBench();
    for (bench.job.attemptsMade of [0, 1, 2]) {
      bench.outcome = { retryable: ['mine'], final: [] };
      await bench.work();
    }

    expect(bench.lastAttempts).toEqual([false, false, true]);
  });

  it('completes an event whose checkpoint the store rejects, because its handlers have succeeded', async () => {
    const bench = new DeliveryBench();
    bench.full = true;

    bench.job.progress = { announced: true };
    expect(await bench.work()).toBeUndefined();
    expect(bench.ran).toEqual(['mine']);
    expect(bench.troubles).toEqual([expect.stringContaining('OOM')]);
  });

  it('records a success by completing the event, without a request of its own', async () => {
    const bench = new DeliveryBench();
    expect(await bench.work()).toBeUndefined();
    expect([bench.ran, bench.job.progress]).toEqual([['mine'], {}]);
  });

  it('writes the checkpoint if the event cannot be completed, then completes it', async () => {
    const bench = new DeliveryBench();
    const progress: object[] = [];
    bench.complete = async () => {
      progress.push(bench.job.progress);
      if (progress.length === 1) throw new Error('Connection terminated unexpectedly');
    };
    expect(await bench.work()).toBeUndefined();
    expect(progress).toEqual([{}, { announced: true, handlers: { mine: 'succeeded' } }]);
  });

  it('leaves the checkpoint to the worker that has taken over the event', async () => {
    const bench = new DeliveryBench();
    let completions = 0;
    bench.complete = async () => {
      completions += 1;
      throw Object.assign(new Error('Missing lock for job e1. moveToFinished'), { code: -2 });
    };
    expect(await bench.work()).toMatchObject({ code: -2 });
    expect(completions).toBe(1);

    bench.complete = async () => undefined;
    const other = bench.handOverTo('mine');
    expect(await other.work()).toBeUndefined();
    expect(other.ran).toEqual([]);
  });

  it('writes the checkpoint while the message to the other processes is delayed', async () => {
    const bench = new DeliveryBench();
    const published = deferred();
    bench.publishing = published.promise;
    const worked = bench.work();
    await until(() => 'handlers' in bench.job.progress);
    expect(bench.job.progress).toEqual({ handlers: { mine: 'succeeded' } });
    published.resolve();
    expect(await worked).toBeUndefined();
  });

  it('writes no checkpoint if the message to the other processes is delayed only for a moment', async () => {
    const bench = new DeliveryBench();
    const published = deferred();
    bench.publishing = published.promise;
    bench.handle = async () => void setImmediate(published.resolve);

    expect(await bench.work()).toBeUndefined();
    expect([bench.published, bench.job.progress]).toEqual([1, {}]);
  });

  it('never reruns a successful handler in this process, even if its checkpoint is lost', async () => {
    const bench = new DeliveryBench();
    bench.full = true;
    bench.elsewhere('theirs');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
      expect(bench.job.progress).toEqual({});
    }
    expect(bench.ran).toEqual(['mine']);

    bench.full = false;
    await bench.work();
    expect(bench.ran).toEqual(['mine']);
    expect(bench.job.progress).toMatchObject({ handlers: { mine: 'succeeded' } });
  });

  it('waits for a running attempt when the store returns the event once more', async () => {
    const bench = new DeliveryBench();
    const running = deferred();
    bench.handle = () => running.promise;
    const runs = [bench.work(), bench.work()];
    await until(() => bench.ran.length > 0);
    running.resolve();

    expect(await Promise.all(runs)).toEqual([undefined, undefined]);
    expect(bench.ran).toEqual(['mine']);
  });

  it('runs the handlers again when a finished event is retried', async () => {
    const bench = new DeliveryBench();
    bench.full = true;
    await bench.work();
    bench.memory.forget('e1');
    await bench.work();

    expect(bench.ran).toEqual(['mine', 'mine']);
  });

  it("leaves the job to BullMQ's stalled check if it cannot be postponed either", async () => {
    const bench = new DeliveryBench();
    bench.failPublish = true;
    bench.job.moveToDelayed = async () => {
      throw new Error('the store is down');
    };

    expect(await bench.work()).toMatchObject({ message: expect.stringContaining('the store failed') });
  });

  it('postpones an event for 15 minutes if only a receive-only process has its handlers, then fails it', async () => {
    const bench = new DeliveryBench();
    bench.isInternal = true;
    bench.receiver('theirs');
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    bench.now += 15 * MINUTE_MS;
    bench.receiver('theirs');
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.waits).toEqual(Array(2).fill(expect.stringMatching(/no worker has: theirs\..*After 15 minutes/s)));
    expect(bench.logged).toEqual(['attempt 1: waiting for a worker that has theirs']);
    expect(bench.wantedElsewhere).toEqual([true, true]);

    bench.now += 1;
    bench.receiver('theirs');
    const reason = expect.stringMatching(/no worker has theirs.*replay/s);
    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError', message: reason });
    expect(bench.givenUp).toEqual([reason]);
    expect(bench.givenUp[0]).toContain(`(failed event ${bench.job.id})`);
  });

  it('does the same if it also has handlers, which run once', async () => {
    const bench = new DeliveryBench();
    bench.receiver('theirs');
    await bench.work();
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.ran).toEqual(['mine']);
  });

  it('hands off the event to a worker that joins with the handlers, and then completes', async () => {
    const bench = new DeliveryBench();
    bench.receiver('theirs');
    await bench.work();
    bench.elsewhere('theirs');
    await bench.work();
    expect(bench.waits).toHaveLength(1);
    expect(bench.job.progress).toMatchObject({ waitingSince: expect.any(Number) });
  });

  it('completes an event at once if a receive-only process has the same handlers', async () => {
    const bench = new DeliveryBench();
    bench.receiver('mine');
    expect(await bench.work()).toBeUndefined();
    expect(bench.wantedElsewhere).toEqual([false]);
  });

  it.each([true, false])(
    'postpones an event whose receiver had handlers and is gone, whether or not others have run (own: %s)',
    async (isInternal) => {
      const bench = new DeliveryBench();
      Object.assign(bench.job.data, { idleHandlers: ['theirs', 'mine'] });
      bench.isInternal = isInternal;
      expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
      expect(bench.wantedElsewhere).toEqual([true]);
      bench.now += 10_000;
      await bench.work();
      expect(bench.waits).toEqual([expect.stringMatching(/no worker has: theirs\..*No live process has.*queueName/s)]);

      bench.now += 15 * MINUTE_MS + 1;
      const reason = expect.stringMatching(/^no live worker has theirs: start a worker.*renamed.*replay.*discard/);
      expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError', message: reason });

      const back = bench.handOverTo('theirs');
      Object.assign(back.job.progress, { handlers: { mine: 'succeeded' } });
      expect(await back.work()).toBeUndefined();
      expect(back.ran).toEqual(['theirs']);
    },
  );

  it('warns of no missing handler while the process that has it may still be joining', async () => {
    const bench = new DeliveryBench();
    Object.assign(bench.job.data, { idleHandlers: ['theirs'] });
    await bench.work();
    bench.now += 9_999;
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    bench.elsewhere('theirs');
    await bench.work();

    expect(bench.waits).toEqual([]);
  });

  it("hands off an event to another live worker that has the receiver's handler", async () => {
    const bench = new DeliveryBench();
    Object.assign(bench.job.data, { idleHandlers: ['theirs'] });
    bench.elsewhere('theirs');
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.waits).toEqual([]);
  });

  it("waits for the receiver's handlers of the event that was decided, not of the one that was sent", async () => {
    const data = {
      ...toDeliveryJobData(deliveryOf({ type: 'interaction.completed' })),
      decided: JSON.stringify({ type: 'video.failed', data: { reason: 'filtered' } }),
      idleHandlers: ['research'],
    };
    const bench = new DeliveryBench();
    Object.assign(bench.job.data, data, {
      decidedHandlers: { 'video.failed': ['alert'], 'video.generated': ['show'] },
    });
    await bench.work();
    bench.now += 10_000;
    await bench.work();
    expect(bench.waits).toEqual([expect.stringContaining('no worker has: alert.')]);

    const stored = new DeliveryBench();
    Object.assign(stored.job.data, data);
    expect(await stored.work()).toBeUndefined();
  });

  it('says in the reason what live workers, receive-only processes and stopped processes did not run', async () => {
    const bench = new DeliveryBench();
    Object.assign(bench.job.data, { idleHandlers: ['gone'] });
    bench.elsewhere('served');
    bench.receiver('idle');
    await bench.work();
    bench.now += 15 * MINUTE_MS + 1;
    bench.elsewhere('served');
    bench.receiver('idle');
    const reason = expect.stringMatching(/has run served; no worker has idle, .*; no live worker has gone: /);
    expect(await bench.work()).toMatchObject({ message: reason });
  });

  it('stores the success of its only handler if the handlers of other processes cannot be read afterwards', async () => {
    const bench = new DeliveryBench();
    bench.handle = async () => {
      bench.roster.matching = () => {
        throw new Error('connect ECONNREFUSED');
      };
    };

    expect(await bench.work()).toBeInstanceOf(Error);
    expect(bench.job.progress).toMatchObject({ handlers: { mine: 'succeeded' } });
    expect(bench.troubles).toEqual([expect.stringContaining('connect ECONNREFUSED')]);
    expect(await bench.handOverTo('mine').work()).toBeUndefined();
  });

  it('completes an event that no process handles', async () => {
    const bench = new DeliveryBench();
    bench.isInternal = true;
    expect(await bench.work()).toBeUndefined();
    expect([bench.waits, bench.wantedElsewhere]).toEqual([[], [false]]);
  });

  it('completes a probe of doctor without handlers, even if another process handles every event', async () => {
    const bench = new DeliveryBench();
    bench.isInternal = true;
    Object.assign(bench.job.data, toDeliveryJobData(deliveryOf({ type: 'doctor.check' })));
    Object.assign(bench.job.data, { idleHandlers: ['gone'] });
    bench.elsewhere('theirs', ['*']);
    bench.receiver('others', ['*']);
    expect(await bench.work()).toBeUndefined();
  });

  it.each(['theirs', 'GeminiJobs(default)'])(
    'keeps an event for a worker that has its failed handler if the next worker has only %s',
    async (handler) => {
      const bench = new DeliveryBench();
      bench.outcome = { retryable: ['mine'], final: [] };
      await bench.work();
      expect(bench.job.progress).toMatchObject({ unfinished: ['mine'] });

      const next = bench.handOverTo(handler, { isInternal: handler !== 'theirs' });
      expect(await next.work()).toMatchObject({ name: 'DelayedError' });
      expect(next.wantedElsewhere).toEqual([true]);
      next.now += 10_000;
      await next.work();
      expect(next.waits).toEqual([
        expect.stringMatching(/no worker has: mine\..*No live process has.*queueName.*15 minutes/s),
      ]);

      next.now += 15 * MINUTE_MS + 1;
      const reason = expect.stringMatching(/no live worker has mine.*renamed.*replay.*discard/s);
      expect(await next.work()).toMatchObject({ name: 'UnrecoverableError', message: reason });
      expect(next.givenUp).toEqual([reason]);

      const back = next.handOverTo('mine');
      expect(await back.work()).toBeUndefined();
      expect(back.ran).toEqual(['mine']);
      expect(back.job.progress).not.toHaveProperty('unfinished');
    },
  );

  it('keeps an event for a handler that was running when its worker was killed, after another had completed', async () => {
    const bench = new DeliveryBench();
    bench.job.progress = { announced: true, handlers: { mine: 'succeeded' }, unfinished: ['slow'] };
    const next = bench.handOverTo('mine');
    expect(await next.work()).toMatchObject({ name: 'DelayedError' });
    expect(next.ran).toEqual([]);
  });

  it('completes an event that an earlier version attempted without recording handler names', async () => {
    const bench = new DeliveryBench();
    bench.job.progress = { announced: true, handlers: { theirs: 'succeeded' } };
    bench.job.attemptsMade = 1;
    expect(await bench.work()).toBeUndefined();
  });

  it('leaves an event whose handler failed to the worker that has it again', async () => {
    const bench = new DeliveryBench();
    bench.outcome = { retryable: ['mine'], final: [] };
    await bench.work();
    const next = bench.handOverTo('theirs');
    next.elsewhere('mine');
    expect(await next.work()).toMatchObject({ name: 'DelayedError' });
    expect(next.waits).toEqual([]);
  });

  it('keeps an event that a person retried for the handler that had failed permanently', async () => {
    const bench = new DeliveryBench();
    bench.outcome = { retryable: [], final: ['mine'] };
    await bench.work();
    bench.job.attemptsMade = 1;

    const next = bench.handOverTo('theirs');
    expect(await next.work()).toMatchObject({ name: 'DelayedError' });
    expect(next.job.progress).toMatchObject({ handlers: { theirs: 'succeeded' }, unfinished: ['mine'] });
  });

  it('keeps an event whose handler failed if the next worker has that handler name for other events', async () => {
    const bench = new DeliveryBench();
    bench.outcome = { retryable: ['mine'], final: [] };
    await bench.work();
    const next = bench.handOverTo('mine');
    next.patterns = [];
    expect(await next.work()).toMatchObject({ name: 'DelayedError' });
  });
});

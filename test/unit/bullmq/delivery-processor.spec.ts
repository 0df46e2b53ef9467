import { describe, expect, it } from '@jest/globals';
import type { Job } from 'bullmq';
import { toJobData, type DeliveryJobData } from '../../../lib/bullmq/delivery-job.js';
import { deliveryProcessor } from '../../../lib/bullmq/delivery-processor.js';
import { HandlerRoster } from '../../../lib/bullmq/handler-roster.js';
import type { DispatchOutcome } from '../../../lib/handlers/dispatch.js';
import type { InboxHost } from '../../../lib/inbox/inbox-engine.js';
import { deliveryOf } from '../../support/deliveries.js';

const MINUTE_MS = 60_000;
const WAY = { putBackFirst: 0, holdMs: 1 };

/** A job, a clock and a fleet in memory. */
class Bench {
  now = Date.now();
  moves: string[] = [];
  published = 0;
  failPublish = false;
  attempts: number[] = [];
  logged: string[] = [];
  outcome: DispatchOutcome = { retryable: [], final: [] };
  readonly roster = new HandlerRoster(() => this.now);
  readonly job = {
    id: 'e1',
    data: toJobData(deliveryOf()),
    progress: {} as object,
    attemptsMade: 0,
    opts: { attempts: 3 },
    updateProgress: async (progress: object) => {
      this.job.progress = JSON.parse(JSON.stringify(progress)) as object;
    },
    log: async (line: string) => this.logged.push(line),
    moveToDelayed: async () => void this.moves.push('delayed'),
    moveToWait: async () => void this.moves.push('waiting'),
  };

  /** What the processor throws, or nothing. */
  async work(): Promise<Error | undefined> {
    const host: InboxHost = {
      registration: 'default',
      toleranceSeconds: 300,
      handlers: () => [{ name: 'mine', patterns: ['*'] }],
      dispatch: async (_delivery, { attempt, checkpoints }) => {
        this.attempts.push(attempt);
        const { retryable, final } = this.outcome;
        if (retryable.length === 0 && !checkpoints.has('mine'))
          await checkpoints.settle('mine', final.includes('mine') ? 'failed' : 'succeeded');
        return this.outcome;
      },
      announce: () => undefined,
    };
    const publish = async () => {
      if (this.failPublish) throw new Error('nobody hears');
      this.published += 1;
    };
    const fleet = { publish, handlersFor: async (type: string) => this.roster.matching(type) };
    const processor = await deliveryProcessor(host, fleet, new AbortController().signal, WAY, () => this.now);
    try {
      await processor(this.job as unknown as Job<DeliveryJobData, void, string>, 'token');
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** A worker elsewhere gives a sign of life. */
  elsewhere(name: string): void {
    this.roster.heard({ node: 'other', handlers: [{ name, patterns: ['batch.*'] }] });
  }
}

describe('the processor of a delivery', () => {
  it('completes an event whose handlers have all settled', async () => {
    const bench = new Bench();
    expect(await bench.work()).toBeUndefined();
    expect(bench.job.progress).toMatchObject({ handlers: { mine: 'succeeded' } });
  });

  it('leaves an event to the worker that has the missing handler, at no cost of an attempt', async () => {
    const bench = new Bench();
    bench.elsewhere('theirs');

    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.moves).toEqual(['delayed']);
    expect(bench.job.progress).toEqual({
      announced: true,
      handlers: { mine: 'succeeded' },
      waitingSince: bench.now,
    });
  });

  it('waits for a missing handler for 15 minutes, then fails the event and names the handler', async () => {
    const bench = new Bench();
    bench.elsewhere('theirs');
    await bench.work();

    bench.now += 15 * MINUTE_MS;
    bench.elsewhere('theirs');
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    bench.now += 1;
    expect(await bench.work()).toMatchObject({
      name: 'UnrecoverableError',
      message: expect.stringContaining('theirs'),
    });
  });

  it('waits anew after a handler was tried: the pause before a retry is no wait for another worker', async () => {
    const bench = new Bench();
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

  it('tells the fleet once, and again only when it could not be told', async () => {
    const bench = new Bench();
    bench.failPublish = true;
    expect(await bench.work()).toMatchObject({ message: expect.stringContaining('nobody hears') });
    expect(bench.job.progress).not.toHaveProperty('announced');

    bench.failPublish = false;
    bench.outcome = { retryable: ['mine'], final: [] };
    await bench.work();
    await bench.work();
    expect(bench.published).toBe(1);
    expect(bench.job.progress).toMatchObject({ announced: true });
  });

  it('logs one line for each attempt that failed, and one when it waits for another worker', async () => {
    const bench = new Bench();
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

  it('does not run again what failed for good, until a person has the job retried', async () => {
    const bench = new Bench();
    bench.outcome = { retryable: [], final: ['mine'] };
    const reason = 'mine failed for good';
    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError', message: reason });
    expect(bench.job.progress).toMatchObject({ handlers: { mine: 'failed' }, givenUpAt: 1 });

    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError', message: reason });
    bench.job.attemptsMade = 1;
    bench.outcome = { retryable: [], final: [] };
    expect(await bench.work()).toBeUndefined();
    expect(bench.job.progress).toEqual({ announced: true, handlers: { mine: 'succeeded' } });
  });

  it('gives up with the last attempt, and only then', async () => {
    const bench = new Bench();
    bench.outcome = { retryable: ['mine'], final: [] };
    for (bench.job.attemptsMade of [0, 1]) {
      await bench.work();
      expect(bench.job.progress).not.toHaveProperty('givenUpAt');
    }
    bench.job.attemptsMade = 2;
    await bench.work();
    expect(bench.job.progress).toMatchObject({ givenUpAt: 3 });
  });

  it('waits for a missing handler as long again when a person has the job retried', async () => {
    const bench = new Bench();
    bench.elsewhere('theirs');
    await bench.work();
    bench.now += 16 * MINUTE_MS;
    bench.elsewhere('theirs');
    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError' });

    bench.job.attemptsMade = 1;
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
  });

  it('runs nothing of a discarded event', async () => {
    const bench = new Bench();
    bench.job.progress = { discarded: true };
    expect(await bench.work()).toBeUndefined();
    expect([bench.attempts, bench.published]).toEqual([[], 0]);
  });

  it('gives up at once what another version wrote', async () => {
    const bench = new Bench();
    Object.assign(bench.job, { data: { v: 99 } });
    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError', message: expect.stringContaining('99') });
    expect(bench.attempts).toEqual([]);
  });
});

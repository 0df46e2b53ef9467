import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Job } from 'bullmq';
import { toDeliveryJobData, type DeliveryJobData } from '../../../../lib/bullmq/store/delivery-job.js';
import {
  trackedJobProcessor,
  type TrackedJobProcessor,
} from '../../../../lib/bullmq/tracked-jobs/tracked-job-processor.js';
import {
  endOfTrackedJob,
  toTrackedJobData,
  type StoredTrackedJob,
} from '../../../../lib/bullmq/tracked-jobs/tracked-job.js';
import type { VerifiedDelivery } from '../../../../lib/events/verified-delivery.js';
import type { TrackedJob } from '../../../../lib/inbox/job-tracker.js';
import { deliveryOfJob, newJob, ScriptedGemini } from '../../../support/scripted-gemini.js';

const MINUTE_MS = 60_000;
const RECONCILE = { afterMs: 10 * MINUTE_MS, maxIntervalMs: 30 * MINUTE_MS, untilMs: 120 * MINUTE_MS };

/** A stored job, a clock, a Gemini and an inbox in memory. */
class Bench {
  now = 1_800_000_000_000;
  readonly gemini = new ScriptedGemini();
  readonly accepted: VerifiedDelivery[] = [];
  readonly learned: string[] = [];
  readonly moves: (readonly [number, string | undefined])[] = [];
  inInbox: DeliveryJobData | undefined;
  failAccept = false;
  failFind = false;
  failMoves = false;
  readonly lost: string[] = [];
  readonly warnings: string[] = [];
  readonly stored;

  constructor(readonly job: TrackedJob = newJob({ createdAt: 1_800_000_000_000 })) {
    this.stored = {
      data: toTrackedJobData(job, this.now + RECONCILE.afterMs) as object,
      progress: 0 as unknown,
      attemptsMade: 0,
      opts: { attempts: 10, backoff: { type: 'exponential', delay: 5_000, jitter: 0.5 } },
      updateProgress: async (progress: object) => void (this.stored.progress = progress),
      moveToDelayed: async (at: number, token?: string) => {
        if (this.failMoves) throw new Error('the job was not moved');
        this.moves.push([at, token]);
      },
    };
  }

  /** Returns the error or the result of the processor. */
  async work(): Promise<unknown> {
    const processor: TrackedJobProcessor = await trackedJobProcessor(
      {
        tracking: this.gemini.tracking(RECONCILE),
        findEvent: async () => {
          if (this.failFind) throw new Error('the store did not answer');
          return this.inInbox;
        },
        accept: async (delivery) => {
          if (this.failAccept) throw new Error('the store is away');
          this.accepted.push(delivery);
          this.inInbox = toDeliveryJobData(delivery);
        },
        learnName: async (_job, name) => void this.learned.push(name),
        publishLost: ({ id }) => void this.lost.push(id),
        onFailure: (message) => this.warnings.push(message),
      },
      () => this.now,
    );
    return processor(this.stored as never, 'token').catch((error: unknown) => error);
  }

  /** Returns the outcome of the job from the processor's result. */
  async ended() {
    return endOfTrackedJob({ finishedOn: this.now, returnvalue: await this.work() } as StoredTrackedJob);
  }
}

describe('the check of a tracked job', () => {
  it('delays a job that is not due, without polling Gemini', async () => {
    const bench = new Bench();
    bench.now += RECONCILE.afterMs - 1;

    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.moves).toEqual([[bench.now + 1, 'token']]);
    expect([bench.gemini.asked, bench.stored.progress]).toEqual([[], 0]);
  });

  it('polls when the job is due, then at growing intervals', async () => {
    const bench = new Bench();
    const intervals: number[] = [];
    bench.now += RECONCILE.afterMs;
    for (let lookups = 1; lookups <= 3; lookups += 1) {
      expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
      const [at] = bench.moves.at(-1)!;
      expect(bench.stored.progress).toEqual({ lookups, dueAt: at });
      intervals.push((at - bench.now) / MINUTE_MS);
      bench.now = at;
    }

    expect(bench.gemini.asked).toHaveLength(3);
    for (const [index, least] of [20, 30, 30].entries()) {
      expect(intervals[index]).toBeGreaterThanOrEqual(least);
      expect(intervals[index]).toBeLessThanOrEqual(least * 1.2 + 0.1);
    }
  });

  it('does not count a postponed poll, and keeps the pause in every process', async () => {
    const bench = new Bench();
    bench.gemini.answer = () => ({ is: 'postponed', delayMs: 1_234.5 });
    bench.now += RECONCILE.afterMs;
    await bench.work();

    expect(bench.stored.progress).toEqual({ lookups: 0, dueAt: bench.now + 1_235 });
    expect(Number.isInteger(bench.moves[0]?.[0])).toBe(true);
    await bench.work();
    expect(bench.gemini.asked).toHaveLength(1);
  });

  it('ends a job by its event, due or not, and stores the delivery', async () => {
    const bench = new Bench();
    const delivery = deliveryOfJob({ ...bench.job, name: 'batches/named' });
    bench.inInbox = toDeliveryJobData(delivery);

    expect(await bench.ended()).toEqual({ outcome: 'succeeded', event: delivery.event, message: undefined });
    expect([bench.gemini.asked, bench.learned]).toEqual([[], ['batches/named']]);
  });

  it('hands an event found by polling to the inbox before the job ends', async () => {
    const bench = new Bench();
    bench.gemini.answer = (job) => bench.gemini.succeeded(job);
    bench.now += RECONCILE.afterMs;

    expect(await bench.ended()).toMatchObject({ outcome: 'succeeded', event: { type: 'batch.succeeded' } });
    expect(bench.accepted.map(({ strategy }) => strategy)).toEqual(['reconciled']);
  });

  it('does not end a job until its event is stored', async () => {
    const bench = new Bench();
    bench.gemini.answer = (job) => bench.gemini.succeeded(job);
    bench.now += RECONCILE.afterMs;
    bench.failAccept = true;
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });

    bench.failAccept = false;
    expect(await bench.ended()).toMatchObject({ outcome: 'succeeded' });
    expect(bench.accepted).toHaveLength(1);
  });

  it('does not poll again after a kill between storing the event and ending the job', async () => {
    const bench = new Bench();
    bench.gemini.answer = (job) => bench.gemini.succeeded(job);
    bench.now += RECONCILE.afterMs;
    await bench.work();

    expect(await bench.ended()).toMatchObject({
      outcome: 'succeeded',
      event: { delivery: { strategy: 'reconciled' } },
    });
    expect([bench.gemini.asked.length, bench.accepted.length]).toEqual([1, 1]);
  });

  it('polls to interpret the event of an interaction with tools, and again while it keeps running', async () => {
    const bench = new Bench(newJob({ kind: 'interaction', tools: true, createdAt: 1_800_000_000_000 }));
    bench.inInbox = toDeliveryJobData(deliveryOfJob(bench.job, { type: 'interaction.completed' }));
    bench.gemini.answer = (_job, before) =>
      before === 0 ? { is: 'running' } : { is: 'settled', settlement: { outcome: 'requires_action' } };

    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.moves).toHaveLength(1);
    expect(await bench.ended()).toMatchObject({ outcome: 'requires_action' });
  });

  it('gives up after `untilMs` with a last poll, but not on an event', async () => {
    const bench = new Bench();
    bench.now += RECONCILE.untilMs;
    expect(await bench.ended()).toMatchObject({ outcome: 'unknown_outcome' });
    expect(bench.gemini.asked).toEqual([bench.job.id]);
    expect(bench.accepted.map(({ event }) => event.type)).toEqual(['batch.lost']);

    bench.inInbox = toDeliveryJobData(deliveryOfJob(bench.job));
    expect(await bench.ended()).toMatchObject({ outcome: 'succeeded' });
  });

  it('does nothing with an alias', async () => {
    const bench = new Bench();
    bench.stored.data = { v: 1, alias: bench.job.id };

    expect(await bench.work()).toBeUndefined();
    expect([bench.moves, bench.gemini.asked]).toEqual([[], []]);
  });

  it('fails on data of another version', async () => {
    const bench = new Bench();
    bench.stored.data = { ...bench.stored.data, v: 9 };

    expect(await bench.work()).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('9') });
    expect([bench.moves, bench.stored.opts.attempts]).toEqual([[], 10]);
  });
});

describe('the check of a tracked job that fails', () => {
  const failing = (bench: Bench) => {
    bench.failFind = true;
    return bench;
  };
  /** Delays of the next checks, in seconds. */
  const delaysOf = async (bench: Bench, checks: number) => {
    const delays: number[] = [];
    for (let check = 0; check < checks; check += 1) {
      expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
      const [at] = bench.moves.at(-1)!;
      delays.push((at - bench.now) / 1_000);
      bench.now = at;
    }
    return delays;
  };

  beforeEach(() => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('is tried again after twice as long each time, up to five minutes, and warned about', async () => {
    const bench = failing(new Bench(newJob({ id: 'job.batch.1', createdAt: 1_800_000_000_000 })));

    const delays = await delaysOf(bench, 12);
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300]);
    expect(bench.warnings).toEqual(
      delays.map(
        (s) => `The job job.batch.1 could not be checked, retrying in ${s * 1_000} ms: the store did not answer`,
      ),
    );
    expect([bench.accepted, bench.gemini.asked]).toEqual([[], []]);
  });

  it.each([
    ['finds it running', RECONCILE.afterMs],
    ['finds that it is not due', 0],
  ])('waits as short as the first time after a check that %s', async (_what, laterMs) => {
    const bench = failing(new Bench());
    await delaysOf(bench, 3);
    bench.failFind = false;
    bench.now += laterMs;
    await bench.work();

    expect(await delaysOf(failing(bench), 2)).toEqual([5, 10]);
  });

  it('spreads the delays of many jobs', async () => {
    jest.mocked(Math.random).mockReturnValue(0.999);
    const [delay] = await delaysOf(failing(new Bench()), 1);

    expect(delay).toBeGreaterThanOrEqual(2.5);
    expect(delay).toBeLessThan(2.6);
  });

  it('keeps what earlier checks found', async () => {
    const bench = new Bench();
    bench.gemini.answer = () => ({ is: 'missing' });
    bench.now += RECONCILE.afterMs;
    await bench.work();
    const { missing } = bench.stored.progress as { missing: object };
    await failing(bench).work();

    expect(bench.stored.progress).toMatchObject({ lookups: 1, missing });
  });

  it('gives the job up at the usual time, with a notice', async () => {
    const bench = failing(new Bench());
    while (bench.now < 1_800_000_000_000 + RECONCILE.untilMs) await delaysOf(bench, 1);

    expect(await bench.ended()).toMatchObject({ outcome: 'unknown_outcome', event: { type: 'batch.lost' } });
    expect(bench.accepted.map(({ event }) => event.type)).toEqual(['batch.lost']);
  });

  it('does not give a job up because of a short failure at that time', async () => {
    const bench = failing(new Bench());
    bench.now += RECONCILE.untilMs;
    expect(await delaysOf(bench, 4)).toEqual([5, 10, 20, 40]);
    bench.failFind = false;
    bench.inInbox = toDeliveryJobData(deliveryOfJob(bench.job));

    expect(await bench.ended()).toMatchObject({ outcome: 'succeeded' });
    expect(bench.accepted).toEqual([]);
  });

  it('does not give a job up before its notice is stored', async () => {
    const bench = failing(new Bench());
    bench.now += RECONCILE.untilMs;
    bench.failAccept = true;
    await delaysOf(bench, 6);
    bench.failAccept = false;

    expect(await bench.ended()).toMatchObject({ outcome: 'unknown_outcome' });
  });

  it('gives up a job that counts as lost without another notice', async () => {
    const bench = failing(new Bench());
    const lost = { v: 1, outcome: 'not_found' };
    bench.stored.progress = { lookups: 5, dueAt: bench.now, lost, failures: 9 };
    bench.now += RECONCILE.untilMs;

    expect(await bench.work()).toEqual(lost);
    expect(bench.accepted).toEqual([]);
  });

  it('leaves the job to another worker that has it now', async () => {
    const bench = new Bench();
    const lockLost = Object.assign(new Error('Missing lock'), { code: -2 });
    bench.stored.moveToDelayed = async () => {
      throw lockLost;
    };

    expect(await bench.work()).toBe(lockLost);
    expect([bench.stored.progress, bench.warnings]).toEqual([0, []]);
  });

  it.each([
    [0, 5],
    [2, 20],
    [9, 300],
    [5_000, 300],
  ])('is tried again if the job cannot be moved either, after %d failed attempts', async (attempts, delay) => {
    const bench = failing(new Bench());
    bench.failMoves = true;
    bench.stored.attemptsMade = attempts;
    const error = await bench.work();
    expect(error).toMatchObject({ message: 'the store did not answer' });

    const { shouldRetryJob } = Job.prototype as unknown as { shouldRetryJob(error: unknown): Promise<unknown> };
    const stored = { ...bench.stored, queue: { opts: {} } };
    expect(await shouldRetryJob.call(stored, error)).toEqual([true, delay * 1_000]);
  });
});

describe('a tracked job that an earlier version gave up', () => {
  it('has ended as unknown, for the reason that BullMQ has stored', () => {
    const stored = { finishedOn: 1, returnvalue: null, failedReason: 'broken' } as unknown as StoredTrackedJob;

    expect(endOfTrackedJob(stored)).toEqual({ outcome: 'unknown_outcome', message: 'broken' });
  });
});

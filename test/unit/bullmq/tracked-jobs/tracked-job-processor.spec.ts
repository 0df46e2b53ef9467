import { describe, expect, it } from '@jest/globals';
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
  readonly lost: string[] = [];
  readonly stored;

  constructor(readonly job: TrackedJob = newJob({ createdAt: 1_800_000_000_000 })) {
    this.stored = {
      data: toTrackedJobData(job, this.now + RECONCILE.afterMs) as object,
      progress: 0 as unknown,
      updateProgress: async (progress: object) => void (this.stored.progress = progress),
      moveToDelayed: async (at: number, token?: string) => void this.moves.push([at, token]),
    };
  }

  /** Returns the error or the result of the processor. */
  async work(): Promise<unknown> {
    const processor: TrackedJobProcessor = await trackedJobProcessor(
      {
        tracking: this.gemini.tracking(RECONCILE),
        findEvent: async () => this.inInbox,
        accept: async (delivery) => {
          if (this.failAccept) throw new Error('the store is away');
          this.accepted.push(delivery);
          this.inInbox = toDeliveryJobData(delivery);
        },
        learnName: async (_job, name) => void this.learned.push(name),
        publishLost: ({ id }) => void this.lost.push(id),
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
    expect(await bench.work()).toMatchObject({ message: 'the store is away' });

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
  });
});

import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventDispatcher } from '../../lib/handlers/event-dispatcher.js';
import { HandlerRegistry } from '../../lib/handlers/handler-registry.js';
import type { GeminiEvent } from '../../lib/events/gemini-event.js';
import type { InboxEngine, InboxHost } from '../../lib/inbox/inbox-engine.js';
import type { JobSettlement, JobTracker } from '../../lib/inbox/job-tracker.js';
import { waitForOutcome } from '../../lib/jobs/job-completion.js';
import type { ReconcileSchedule } from '../../lib/config/poll-schedule.js';
import { deferred } from '../support/deferred.js';
import { deliveryOfJob, newJob, ScriptedGemini } from '../support/scripted-gemini.js';
import { until } from '../support/until.js';

/** Nothing is due while a test runs. */
export const LATER: ReconcileSchedule = { afterMs: 600_000, maxIntervalMs: 600_000, untilMs: 3_600_000 };
/** Everything is due immediately. */
export const SOON: ReconcileSchedule = { afterMs: 20, maxIntervalMs: 40, untilMs: 3_600_000 };

/** Creates engines for the contract. */
export interface TrackedInbox {
  create(host: InboxHost): Promise<InboxEngine>;
  /** Rejects until the engine is ready. */
  ready(engine: InboxEngine): Promise<void>;
}

/** An engine under test and its observed behaviour. */
export interface TrackingEngine {
  readonly engine: InboxEngine;
  readonly jobs: JobTracker;
  readonly gemini: ScriptedGemini;
  /** Events that the user's handler has received. */
  readonly handled: GeminiEvent[];
  /** Resolves with the outcome of the job. */
  ended(id: string): Promise<JobSettlement>;
}

const closing = new AbortController().signal;

/** Creates an engine like the module: with a user's handler and the handler that notifies the job tracker. */
export async function startTracking(
  { create, ready }: TrackedInbox,
  reconcile: ReconcileSchedule | false,
  gemini = new ScriptedGemini(),
): Promise<TrackingEngine> {
  Logger.overrideLogger(false);
  const registry = new HandlerRegistry();
  const handled: GeminiEvent[] = [];
  const dispatcher = new EventDispatcher(registry);
  const engine = await create({
    registration: 'default',
    toleranceSeconds: 300,
    handlers: () => dispatcher.handlers,
    dispatch: (delivery, run) => dispatcher.dispatch(delivery, run),
    announce: () => undefined,
    jobs: gemini.tracking(reconcile),
  });
  const jobs = engine.jobs!;
  const common = { patterns: ['*'], timeoutMs: undefined } as const;
  registry.add([
    { ...common, name: 'user', invoke: async (event) => void handled.push(event) },
    { ...common, name: 'jobs', invoke: (event) => jobs.notice(event) },
  ]);
  await engine.start?.();
  await until(() =>
    ready(engine).then(
      () => true,
      () => false,
    ),
  );
  const ended = (id: string) => waitForOutcome(jobs, id, { timeoutMs: 20_000 }, closing);
  return { engine, jobs, gemini, handled, ended };
}

/** The behaviour of every job tracker. */
export function jobTrackerContract(name: string, inbox: TrackedInbox): void {
  describe(`the tracked jobs of the ${name} inbox`, () => {
    const engines: InboxEngine[] = [];

    const start = async (reconcile: ReconcileSchedule | false = LATER) => {
      const tracking = await startTracking(inbox, reconcile);
      engines.push(tracking.engine);
      return tracking;
    };

    let later: TrackingEngine;
    beforeEach(async () => {
      later = await start();
    });

    afterEach(async () => {
      await Promise.all(engines.splice(0).map((engine) => engine.close()));
    });

    it('ends a job by its event without a poll', async () => {
      const { engine, jobs, gemini, ended } = later;
      const job = newJob();
      await jobs.add(job);
      expect(await jobs.settlement(job.id)).toBeUndefined();
      const waiting = ended(job.id);
      const delivery = deliveryOfJob(job, { data: { output_file_uri: 'files/out' } });
      await engine.accept(delivery);

      const settlement = await waiting;
      expect(settlement).toMatchObject({ outcome: 'succeeded' });
      expect(settlement.event).toMatchObject({ type: 'batch.succeeded', data: { output_file_uri: 'files/out' } });
      expect(settlement.event?.delivery.key).toBe(delivery.key);
      expect(await ended(job.id)).toEqual(settlement);
      expect(gemini.asked).toEqual([]);
    });

    it('ends a job that is tracked by its name after its event arrived', async () => {
      const { engine, jobs, gemini, ended, handled } = later;
      const job = newJob({ id: 'name/batch/early', name: 'batches/early', bound: false });
      await engine.accept(deliveryOfJob(job, { type: 'batch.expired' }));
      await until(() => handled.length === 1);
      await jobs.add(job);

      expect(await ended(job.id)).toMatchObject({ outcome: 'expired', event: { type: 'batch.expired' } });
      expect(gemini.asked).toEqual([]);
    });

    it('ends an unbound job whose event arrived before its name was known', async () => {
      const { engine, jobs, gemini, ended, handled } = later;
      const job = newJob({ bound: false });
      await jobs.add(job);
      await engine.accept(deliveryOfJob({ ...job, name: 'batches/fast' }));
      await until(() => handled.length === 1);
      await jobs.rename(job.id, 'batches/fast');

      const found = await jobs.find({ kind: 'batch', name: 'batches/fast', params: {} });
      expect(await ended(found!.id)).toMatchObject({ outcome: 'succeeded' });
      expect(gemini.asked).toEqual([]);
    });

    it('notifies watchers of a job that has ended, and none that has stopped', async () => {
      const { engine, jobs } = later;
      const [one, other] = [newJob(), newJob()];
      await Promise.all([jobs.add(one), jobs.add(other)]);
      const notified: string[] = [];
      jobs.watch(one.id, () => notified.push('one'));
      jobs.watch(one.id, () => notified.push('stopped'))();
      jobs.watch(other.id, () => notified.push('other'));
      await engine.accept(deliveryOfJob(one));
      await until(() => notified.length > 0);

      expect(await jobs.settlement(one.id)).toMatchObject({ outcome: 'succeeded' });
      expect(new Set(notified)).toEqual(new Set(['one']));
    });

    it('polls a job until it ends when no event arrives, and delivers its event once', async () => {
      const { engine, jobs, gemini, ended, handled } = await start(SOON);
      gemini.answer = (job, before) => (before < 2 ? { is: 'running' } : gemini.succeeded(job));
      const job = newJob({ metadata: { orderId: 7 } });
      await jobs.add(job);

      const settlement = await ended(job.id);
      expect(settlement).toMatchObject({ outcome: 'succeeded', event: { data: { output_file_uri: 'files/out' } } });
      expect(settlement.event).toMatchObject({ userMetadata: { orderId: 7 }, delivery: { strategy: 'reconciled' } });
      await until(() => handled.length === 1);
      expect(handled[0]?.delivery.strategy).toBe('reconciled');

      // The webhook still arrives and is the same event.
      await engine.accept(deliveryOfJob({ ...job, name: 'batches/found' }));
      const after = newJob();
      await jobs.add(after);
      await engine.accept(deliveryOfJob(after));
      await ended(after.id);
      expect(handled.map(({ delivery }) => delivery.key)).toEqual([
        settlement.event?.delivery.key,
        deliveryOfJob(after).key,
      ]);
      expect(gemini.asked.filter((id) => id === job.id)).toHaveLength(3);
    });

    it('ends a job with the outcome that Gemini reports, also without an event', async () => {
      const { jobs, gemini, ended, handled } = await start(SOON);
      gemini.answer = () => ({ is: 'settled', settlement: { outcome: 'filtered', message: 'no \0 way \uD800' } });
      const job = newJob({ id: `job.video.${crypto.randomUUID()}`, kind: 'video' });
      await jobs.add(job);

      const settlement = await ended(job.id);
      expect(settlement.outcome).toBe('filtered');
      expect(settlement.message).toMatch(/^no . way .$/s);
      expect(settlement.event).toBeUndefined();
      expect(handled).toEqual([]);
    });

    it('keeps the first outcome of a job, whatever arrives afterwards', async () => {
      const { engine, jobs, gemini, ended, handled } = await start(SOON);
      gemini.answer = () => ({ is: 'settled', settlement: { outcome: 'cancelled' } });
      const job = newJob();
      await jobs.add(job);
      await ended(job.id);
      await engine.accept(deliveryOfJob(job));
      await until(() => handled.length === 1);

      expect(await ended(job.id)).toMatchObject({ outcome: 'cancelled' });
      expect(gemini.asked).toEqual([job.id]);
    });

    it('keeps polling a job that Gemini does not find, and delivers its end', async () => {
      const { jobs, gemini, ended, handled } = await start(SOON);
      gemini.answer = (job, before) => (before < 3 ? { is: 'missing' } : gemini.succeeded(job));
      const job = newJob();
      await jobs.add(job);

      expect(await ended(job.id)).toMatchObject({ outcome: 'succeeded' });
      await until(() => handled.length === 1);
      expect(handled[0]).toMatchObject({ type: 'batch.succeeded', delivery: { strategy: 'reconciled' } });
    });

    it('keeps counting answers of "no such job" after a poll without an answer', async () => {
      const { jobs, gemini, ended } = await start({ ...SOON, untilMs: 300 });
      gemini.answer = (_job, before) => ({ is: before === 0 ? 'missing' : 'unanswered' });
      const job = newJob();
      await jobs.add(job);

      expect(await ended(job.id)).toMatchObject({ outcome: 'not_found' });
    });

    it.each([
      ['not_found', 'missing'],
      ['unknown_outcome', 'running'],
    ] as const)(
      'reports once that a job is lost (%s), and corrects that when its event arrives',
      async (outcome, is) => {
        const { engine, jobs, gemini, ended, handled } = await start({ ...SOON, untilMs: 200 });
        gemini.answer = () => ({ is });
        const job = newJob({ metadata: { orderId: 7 } });
        await jobs.add(job);

        expect(await ended(job.id)).toMatchObject({
          outcome,
          event: { type: 'batch.lost', data: { reason: outcome } },
        });
        await until(() => handled.length === 1);
        expect(handled[0]).toMatchObject({
          type: 'batch.lost',
          data: { id: job.id, reason: outcome },
          userMetadata: { orderId: 7 },
          delivery: { strategy: 'reconciled' },
        });

        await engine.accept(deliveryOfJob({ ...job, name: 'batches/late' }));
        await until(() => handled.length === 2);
        expect(handled[1]?.type).toBe('batch.succeeded');
        const corrected = async () => (await jobs.settlement(job.id))?.outcome === 'succeeded';
        await until(corrected);
        expect(await ended(job.id)).toMatchObject({ outcome: 'succeeded', event: { type: 'batch.succeeded' } });
      },
    );

    it('records the start of a job, and ends a refused one without an event', async () => {
      const { jobs, ended, handled } = later;
      const asked = { digest: 'd', requestedAt: 1 };
      const job = newJob({ start: asked });
      await jobs.add(job);
      await jobs.recordStart(job.id, { digest: 'd', requestedAt: 2 });
      expect(await jobs.find({ id: job.id })).toEqual({ ...job, start: { digest: 'd', requestedAt: 2 } });
      expect(await jobs.settlement(job.id)).toBeUndefined();

      await jobs.recordStart(job.id, { ...asked, refused: true });
      expect(await ended(job.id)).toMatchObject({ outcome: 'failed' });
      expect(await jobs.find({ id: job.id })).toMatchObject({ start: { refused: true } });
      expect(handled).toEqual([]);

      await jobs.remove(job.id);
      await jobs.add({ ...job, displayName: 'anew' });
      expect(await jobs.settlement(job.id)).toBeUndefined();
    });

    it('polls again later when Gemini could not be polled', async () => {
      const { jobs, gemini, ended } = await start(SOON);
      gemini.answer = (job, before) => (before < 3 ? { is: 'postponed', delayMs: 10.5 } : gemini.succeeded(job));
      const job = newJob();
      await jobs.add(job);

      expect(await ended(job.id)).toMatchObject({ outcome: 'succeeded' });
      expect(gemini.asked).toHaveLength(4);
    });

    it.each(['running', 'postponed'] as const)('gives up at untilMs on a job that is always %s', async (is) => {
      const { jobs, gemini, ended } = await start({ ...SOON, untilMs: 200 });
      gemini.answer = () => (is === 'running' ? { is } : { is, delayMs: 30 });
      const job = newJob();
      await jobs.add(job);

      expect(await ended(job.id)).toMatchObject({ outcome: 'unknown_outcome' });
      expect(gemini.asked.length).toBeGreaterThan(0);
    });

    it('ends a job by an event that arrives during a poll', async () => {
      const { engine, jobs, gemini, ended, handled } = await start(SOON);
      const gate = deferred();
      gemini.answer = async () => {
        await gate.promise;
        return { is: 'running' };
      };
      const job = newJob();
      await jobs.add(job);
      await until(() => gemini.asked.length === 1);
      const accepted = engine.accept(deliveryOfJob(job, { type: 'batch.failed' }));
      await until(() => handled.length === 1);
      gate.resolve();
      await accepted;

      expect(await ended(job.id)).toMatchObject({ outcome: 'failed', event: { type: 'batch.failed' } });
    });

    it('finds a job by its id and by any spelling of its name, with its whole record', async () => {
      const { jobs } = later;
      const params = { tenant: 'a/b', odd: '\0\uD800' };
      const job = newJob({ params, displayName: 'x\0', metadata: { text: '\0 \uD800' }, tools: true });
      await jobs.add(job);
      await jobs.rename(job.id, 'batches/b1');

      const recorded = { ...job, name: 'batches/b1' };
      expect(await jobs.find({ id: job.id })).toEqual(recorded);
      expect(await jobs.find({ kind: 'batch', name: 'batch_b1', params })).toEqual(recorded);
      expect(await jobs.find({ kind: 'batch', name: 'batches/b1', params: {} })).toBeUndefined();
      expect(await jobs.find({ kind: 'video', name: 'batches/b1', params })).toBeUndefined();
    });

    it('finds a job by the name that it was recorded with', async () => {
      const { jobs } = later;
      const job = newJob({ name: 'batches/b2' });
      await jobs.add(job);

      expect(await jobs.find({ kind: 'batch', name: 'b2', params: {} })).toEqual(job);
    });

    it('learns the name of a job from its event', async () => {
      const { engine, jobs, ended } = later;
      const job = newJob();
      await jobs.add(job);
      await engine.accept(deliveryOfJob({ ...job, name: 'batches/b3' }));
      await ended(job.id);

      expect(await jobs.find({ kind: 'batch', name: 'batches/b3', params: {} })).toMatchObject({ id: job.id });
    });

    it('does not change a known job when it is added again', async () => {
      const { jobs } = later;
      const job = newJob({ displayName: 'first' });
      await jobs.add(job);
      await jobs.add({ ...job, displayName: 'second' });

      expect(await jobs.find({ id: job.id })).toMatchObject({ displayName: 'first' });
    });

    it('removes a job that was never started, and finds no unknown ones', async () => {
      const { jobs } = later;
      const job = newJob();
      await jobs.add(job);
      await jobs.remove(job.id);
      await jobs.remove('job.batch.unknown');
      await jobs.rename('job.batch.unknown', 'batches/b4');
      await jobs.notice(deliveryOfJob(newJob()).event);

      expect(await jobs.find({ id: job.id })).toBeUndefined();
      expect(await jobs.settlement(job.id)).toBeUndefined();
      expect(await jobs.find({ kind: 'batch', name: 'batches/b4', params: {} })).toBeUndefined();
    });

    it('polls nothing with reconcile false, and still ends jobs by their events', async () => {
      const { engine, jobs, gemini, ended } = await start(false);
      const job = newJob();
      await jobs.add(job);
      await engine.accept(deliveryOfJob(job));

      expect(await ended(job.id)).toMatchObject({ outcome: 'succeeded' });
      expect(gemini.asked).toEqual([]);
    });
  });
}

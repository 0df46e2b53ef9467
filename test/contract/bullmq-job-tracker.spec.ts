import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { bullmqInbox, type BullmqInboxOptions } from '../../lib/bullmq/index.js';
import { jobIdInKey } from '../../lib/events/event-key.js';
import type { InboxEngine, InboxHost } from '../../lib/inbox/inbox-engine.js';
import type { ReconcileSchedule } from '../../lib/config/poll-schedule.js';
import { removeTestQueues, testQueue, type TestQueue } from '../support/durable.js';
import { deliveryOfJob, newJob, ScriptedGemini } from '../support/scripted-gemini.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { jobTrackerContract, LATER, SOON, startTracking } from './job-tracker.contract.js';

jest.setTimeout(60_000);

describe.each(STORES)('on $name', ({ url }) => {
  const engines: InboxEngine[] = [];

  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
    await removeTestQueues();
  });

  const create = async (host: InboxHost, name: string, options: BullmqInboxOptions) => {
    const engine = bullmqInbox({ url, queueName: name, backoff: { type: 'fixed', delay: 20 }, ...options })(host);
    engines.push(engine);
    return engine;
  };

  /** Resolves when the store is available. */
  const ready = async ({ failedEvents, jobs }: InboxEngine) => {
    await failedEvents!.list();
    await jobs!.find({ id: 'none' });
  };

  jobTrackerContract('BullMQ', {
    create(host) {
      const { name } = testQueue(url);
      testQueue(url, `${name}-jobs`);
      return create(host, name, {});
    },
    ready,
  });

  describe('the tracked jobs of several processes', () => {
    let jobsQueue: TestQueue;
    let name: string;

    beforeEach(() => {
      name = `peers-${randomUUID()}`;
      testQueue(url, name);
      jobsQueue = testQueue(url, `${name}-jobs`);
    });

    const start = async (
      reconcile: ReconcileSchedule | false = LATER,
      { gemini, ...options }: BullmqInboxOptions & { gemini?: ScriptedGemini } = {},
    ) => {
      return startTracking({ create: (host) => create(host, name, options), ready }, reconcile, gemini);
    };

    it('are shared: every process learns what one of them checks', async () => {
      const gemini = new ScriptedGemini();
      gemini.answer = (job) => gemini.succeeded(job);
      const peers = await Promise.all([1, 2, 3].map(() => start(SOON, { gemini })));
      const jobs = Array.from({ length: 30 }, () => newJob());
      const waiting = peers.map(({ ended }) => Promise.all(jobs.map(({ id }) => ended(id))));
      await Promise.all(jobs.map((job) => peers[0]!.jobs.add(job)));

      for (const settlements of await Promise.all(waiting)) {
        expect(settlements.map(({ outcome }) => outcome)).toEqual(jobs.map(() => 'succeeded'));
      }
      expect(gemini.asked.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
      const handled = () => peers.flatMap((process) => process.handled).map(({ delivery }) => jobIdInKey(delivery.key));
      await until(() => handled().length >= jobs.length);
      expect(handled().toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
    });

    it('reach a receive-only process', async () => {
      const web = await start(LATER, { workers: false });
      const worker = await start();
      const job = newJob();
      await web.jobs.add(job);
      const waiting = web.ended(job.id);
      await web.engine.accept(deliveryOfJob(job));

      expect(await waiting).toMatchObject({ outcome: 'succeeded', event: { type: 'batch.succeeded' } });
      expect(worker.handled).toHaveLength(1);
    });

    it('outlive the processes', async () => {
      const first = await start();
      const [waiting, lost] = [newJob(), newJob({ createdAt: Date.now() - 3_600_000 })];
      await first.jobs.add(waiting);
      await first.jobs.rename(waiting.id, 'batches/waiting');
      await first.engine.close();
      await expect(first.jobs.add(lost)).rejects.toMatchObject({ code: 'inbox_unavailable' });

      const second = await start();
      expect(await second.jobs.find({ kind: 'batch', name: 'batches/waiting', params: {} })).toMatchObject(waiting);
      await second.engine.accept(deliveryOfJob(waiting));
      expect(await second.ended(waiting.id)).toMatchObject({ outcome: 'succeeded' });
      expect(second.gemini.asked).toEqual([]);
    });

    it('are not polled when checkNow runs, only when they are due', async () => {
      const { jobs, engine, gemini, ended } = await start();
      const job = newJob();
      await jobs.add(job);
      for (let times = 0; times < 3; times += 1) await jobs.notice(deliveryOfJob(job).event);
      await until(async () => (await jobsQueue.queue.getJobCounts('delayed'))['delayed'] === 1);
      expect(await jobs.settlement(job.id)).toBeUndefined();

      await engine.accept(deliveryOfJob(job));
      await ended(job.id);
      expect(gemini.asked).toEqual([]);
    });

    it('poll once to interpret the event of an interaction with tools', async () => {
      const { jobs, engine, gemini, ended } = await start();
      gemini.answer = () => ({ is: 'settled', settlement: { outcome: 'requires_action' } });
      const job = newJob({ kind: 'interaction', tools: true });
      await jobs.add(job);
      await engine.accept(deliveryOfJob(job, { type: 'interaction.completed' }));

      expect(await ended(job.id)).toMatchObject({ outcome: 'requires_action' });
      expect(gemini.asked).toEqual([job.id]);
    });

    it('free a name whose job is gone', async () => {
      const { jobs, ended, engine } = await start();
      const gone = newJob({ name: 'batches/again' });
      await jobs.add(gone);
      // Removes the job and, after a read, its alias.
      await until(async () => (await jobsQueue.queue.getJobCounts('delayed'))['delayed'] === 2);
      await jobs.remove(gone.id);
      const job = newJob({ id: 'name/batch/again', name: 'batches/again', bound: false });
      await jobs.add(job);
      await engine.accept(deliveryOfJob(job));

      expect(await ended(job.id)).toMatchObject({ outcome: 'succeeded' });
    });

    /** Makes the checks of the only job fail a number of times, without waiting between them. */
    const failChecks = async (gemini: ScriptedGemini, times: number) => {
      await until(() => gemini.asked.length > 0);
      for (let failures = 1; failures < times; failures += 1) {
        const failed = gemini.asked.length;
        await until(async () => (await jobsQueue.queue.getJobCounts('delayed'))['delayed'] === 1);
        const [delayed] = await jobsQueue.queue.getJobs(['delayed']);
        await delayed?.changeDelay(0);
        await until(() => gemini.asked.length > failed);
      }
    };

    it('are checked again however often a check has failed', async () => {
      const { jobs, gemini, engine, ended } = await start(SOON);
      gemini.answer = () => {
        throw new Error('broken');
      };
      const job = newJob();
      await jobs.add(job);
      await failChecks(gemini, 12);
      await engine.accept(deliveryOfJob(job));

      expect(await ended(job.id)).toMatchObject({ outcome: 'succeeded' });
    });

    it('are given up at their time with a notice if their checks still fail', async () => {
      const { jobs, gemini, ended, handled } = await start(SOON);
      gemini.answer = () => {
        throw new Error('broken');
      };
      const job = newJob({ createdAt: Date.now() - SOON.untilMs });
      await jobs.add(job);
      await failChecks(gemini, 5);

      expect(await ended(job.id)).toMatchObject({ outcome: 'unknown_outcome', event: { type: 'batch.lost' } });
      await until(() => handled.length > 0);
      expect(handled.map(({ type }) => type)).toEqual(['batch.lost']);
    });
  });

  it('has no job tracker without a Gemini client', async () => {
    const host = { registration: 'default', toleranceSeconds: 300 } as InboxHost;

    expect(bullmqInbox({ url })(host).jobs).toBeUndefined();
  });
});

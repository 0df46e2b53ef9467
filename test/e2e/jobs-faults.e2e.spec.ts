import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  INBOXES,
  KINDS,
  LATER,
  POLL_OF,
  SOON,
  startedJob,
  startGemini,
  startJobsApp,
  SUCCESS_OF,
} from '../support/jobs.js';
import { closeJobsApps, shareJobsApps } from '../support/shared-jobs-apps.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

describe.each(INBOXES)('on $inbox', ({ make }) => {
  const shared = shareJobsApps(make, { later: LATER, soon: SOON });

  describe.each(KINDS)('a %s', (kind) => {
    const started = (app = shared.app('later'), metadata: Record<string, unknown> = { orderId: 7 }) =>
      startedJob(shared.gemini, app, kind, metadata);
    const deliveriesOf = (...names: string[]) => shared.gemini.deliveries.filter(({ job }) => names.includes(job!));

    it('ends with the event of its webhook, without a poll', async () => {
      const { job, name, heard, pollCount } = await started();
      const completed = job.completed();

      shared.gemini.finish(name);

      expect(await completed).toMatchObject({ type: SUCCESS_OF[kind], userMetadata: { orderId: 7 } });
      await until(() => heard().length === 1);
      expect(heard()[0]).toMatchObject({ type: SUCCESS_OF[kind], delivery: { strategy: 'jwks' } });
      expect(pollCount()).toBe(0);
    });

    it('ends by a poll if the webhook is lost, with the same event including metadata', async () => {
      const { job, name, heard, pollCount } = await started(shared.app('soon'));
      shared.inject({ fault: 'lose', job: name });

      shared.gemini.finish(name);

      expect(await job.completed()).toMatchObject({ type: SUCCESS_OF[kind], userMetadata: { orderId: 7 } });
      await until(() => heard().length === 1);
      expect(heard()[0]).toMatchObject({ delivery: { strategy: 'reconciled' }, userMetadata: { orderId: 7 } });
      expect(pollCount()).toBeGreaterThan(0);
    });

    it('runs the handlers once if the webhook arrives twice', async () => {
      const { job, name, heard, pollCount } = await started();
      shared.inject({ fault: 'duplicate', job: name });

      shared.gemini.finish(name);
      await job.completed();
      await shared.gemini.idle();

      expect(deliveriesOf(name).filter(({ status }) => status === 200 || status === 202)).toHaveLength(2);
      await until(() => heard().length > 0);
      expect([heard().length, pollCount()]).toEqual([1, 0]);
    });

    it('runs the handlers once if the webhook arrives after a poll has found the end', async () => {
      const { job, name, heard } = await started(shared.app('soon'));
      shared.inject({ fault: 'delay', delayMs: 5_000, job: name });

      shared.gemini.finish(name);
      await job.completed();
      await shared.gemini.advance(5_000);

      expect(deliveriesOf(name).at(-1)?.status).toBeLessThan(300);
      await until(() => heard().length > 0);
      expect(heard().map(({ delivery }) => delivery.strategy)).toEqual(['reconciled']);
    });

    it('accepts the authentic delivery and refuses a forged one beside it', async () => {
      const { job, name, heard, pollCount } = await started();
      shared.inject({ fault: 'forge', job: name });

      shared.gemini.finish(name);
      await job.completed();
      await shared.gemini.idle();

      expect(deliveriesOf(name).find(({ fault }) => fault === 'forge')?.status).toBe(401);
      await until(() => heard().length > 0);
      expect([heard().length, pollCount()]).toEqual([1, 0]);
    });

    it("refuses the delivery of another project's job", async () => {
      const { job, name, heard, pollCount } = await started();
      shared.inject({ fault: 'foreign', job: name });
      const before = shared.app('later').heard.length;

      shared.gemini.finish(name);
      await job.completed();
      await shared.gemini.idle();

      expect(shared.gemini.deliveries.findLast(({ fault }) => fault === 'foreign')?.status).toBe(403);
      await until(() => heard().length > 0);
      expect([shared.app('later').heard.length - before, pollCount()]).toEqual([1, 0]);
    });

    it('accepts the retry of a delivery that was too old', async () => {
      const { job, name, heard, pollCount } = await started();
      shared.inject({ fault: 'stale', job: name });

      shared.gemini.finish(name);
      await shared.gemini.idle();
      await shared.gemini.advance(60_000);
      await job.completed();

      expect(deliveriesOf(name)[0]?.status).toBe(400);
      await until(() => heard().length > 0);
      expect([heard().length, pollCount()]).toEqual([1, 0]);
    });

    it('is distinguished from another job if their webhooks arrive in the wrong order', async () => {
      const [first, second] = [await started(), await started(shared.app('later'), { orderId: 8 })];
      shared.inject({ fault: 'reorder', job: first.name });

      shared.gemini.finish(first.name);
      shared.gemini.finish(second.name);
      const ended = await Promise.all([first.job.completed(), second.job.completed()]);
      await until(() => first.heard().length + second.heard().length === 2);
      await shared.gemini.idle();

      expect(ended.map(({ userMetadata }) => userMetadata['orderId'])).toEqual([7, 8]);
      expect(deliveriesOf(first.name, second.name).map(({ job: of }) => of)).toEqual([second.name, first.name]);
      expect([first.pollCount(), second.pollCount()]).toEqual([0, 0]);
    });

    it('is started and polled on a slow API', async () => {
      shared.inject({ fault: 'api_delay', delayMs: 150 });
      const { job, name, heard } = await started(shared.app('soon'));
      shared.inject({ fault: 'lose', job: name });

      shared.gemini.finish(name);
      await job.completed();
      await until(() => heard().length === 1);
    });

    it('is polled until Gemini answers if its webhook is lost and the API fails', async () => {
      const { job, name, heard, pollCount } = await started(shared.app('soon'));
      shared.inject({ fault: 'lose', job: name });
      shared.inject({ fault: 'api_error', status: 503, operation: POLL_OF[kind], times: 2 });

      shared.gemini.finish(name);
      await job.completed();
      await until(() => heard().length === 1);

      expect(pollCount()).toBeGreaterThanOrEqual(3);
    });

    it('is not polled again before the time that a 429 requires', async () => {
      const { job, name, heard, pollCount } = await started(shared.app('soon'));
      shared.inject({ fault: 'lose', job: name });
      shared.inject({ fault: 'api_error', status: 429, retryAfterSeconds: 1, operation: POLL_OF[kind], times: 1 });

      shared.gemini.finish(name);
      await job.completed();
      await until(() => heard().length === 1);

      const polls = shared.gemini.requests.filter(
        (request) => request.operation === POLL_OF[kind] && request.name === name,
      );
      expect([polls.map(({ status }) => status), pollCount()]).toEqual([[429, 200], 2]);
    });

    it('leaves nothing behind if Gemini refuses to start it', async () => {
      const [before, heardBefore] = [shared.gemini.requests.length, shared.app('soon').heard.length];
      shared.inject({ fault: 'api_error', status: 400, times: 1, operation: STARTS_OF[kind] });

      await expect(shared.app('soon').start(kind)).rejects.toMatchObject({ status: 400 });
      const next = await started(shared.app('soon'));
      shared.gemini.finish(next.name);
      await until(() => next.heard().length > 0);

      expect(
        shared.gemini.requests.slice(before).filter(({ operation }) => operation === STARTS_OF[kind]),
      ).toHaveLength(2);
      expect(shared.app('soon').heard.length - heardBefore).toBe(1);
    });

    it('is started once, whatever the API returns', async () => {
      const before = shared.gemini.countOf(STARTS_OF[kind]);
      shared.inject({ fault: 'api_error', status: 503, operation: STARTS_OF[kind] });

      await expect(shared.app('later').start(kind)).rejects.toMatchObject({ status: 503 });
      expect(shared.gemini.countOf(STARTS_OF[kind]) - before).toBe(1);
    });

    it('is started without metadata if Gemini refuses that, and its webhook is still bound to it', async () => {
      shared.inject({ fault: 'refuse_user_metadata' });

      const { job, name, heard } = await started();
      shared.gemini.finish(name);
      await job.completed();
      await until(() => heard().length === 1);

      expect(heard()[0]).toMatchObject({ userMetadata: {} });
    });
  });
});

describe.each(INBOXES)('keys that were just rotated, on $inbox', ({ make }) => {
  afterEach(closeJobsApps);

  it('do not stop jobs of any kind from ending', async () => {
    const gemini = await startGemini();
    const { start, heard } = await startJobsApp(gemini, make());
    const earlier = await start('batch');
    gemini.finish(earlier.name!);
    await earlier.completed();
    gemini.rotateKeys();

    const jobs = await Promise.all(KINDS.map((kind) => start(kind)));
    for (const { name } of jobs) gemini.finish(name!);
    await Promise.all(jobs.map((job) => job.completed()));
    await until(() => heard.length === 1 + KINDS.length);

    expect(gemini.countOf('jwks')).toBe(2);
    for (const kind of KINDS) expect(gemini.countOf(POLL_OF[kind])).toBe(0);
  });
});

/** Operation of the SDK that starts a job. */
const STARTS_OF = {
  batch: 'batches.create',
  video: 'interactions.create',
  interaction: 'interactions.create',
} as const;

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { GeminiJobError } from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import { removeTestQueues } from '../support/durable.js';
import {
  closeSimulators,
  INBOXES,
  KINDS,
  LATER,
  LOOKUP_OF,
  SOON,
  startGemini,
  startJobsApp,
  SUCCESS_OF,
} from '../support/jobs.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
  await closeSimulators();
});

const CASES = INBOXES.flatMap(({ inbox, make }) => KINDS.map((kind) => ({ inbox, make, kind })));

describe.each(CASES)('a $kind on $inbox', ({ make, kind }) => {
  const started = async (reconcile = LATER) => {
    const gemini = await startGemini();
    const app = await startJobsApp(gemini, make(), reconcile);
    const job = await app.start(kind, { orderId: 7 });
    const lookups = () => gemini.countOf(LOOKUP_OF[kind]);
    return { gemini, job, name: job.name!, lookups, ...app };
  };

  it('ends with the event of its webhook, without a look-up', async () => {
    const { gemini, job, name, heard, lookups } = await started();
    const completed = job.completed();

    gemini.finish(name);

    expect(await completed).toMatchObject({ type: SUCCESS_OF[kind], userMetadata: { orderId: 7 } });
    await until(() => heard.length === 1);
    expect(heard[0]).toMatchObject({ type: SUCCESS_OF[kind], delivery: { strategy: 'jwks' } });
    expect(lookups()).toBe(0);
  });

  it('ends by one look-up when the webhook is lost, with the same event, metadata included', async () => {
    const { gemini, job, name, heard, lookups } = await started(SOON);
    gemini.inject({ fault: 'lose' });

    gemini.finish(name);

    expect(await job.completed()).toMatchObject({ type: SUCCESS_OF[kind], userMetadata: { orderId: 7 } });
    await until(() => heard.length === 1);
    expect(heard[0]).toMatchObject({ delivery: { strategy: 'reconciled' }, userMetadata: { orderId: 7 } });
    const after = lookups();
    expect(after).toBeGreaterThan(0);
  });

  it('runs the handlers once when the webhook comes twice', async () => {
    const { gemini, job, name, heard, lookups } = await started();
    gemini.inject({ fault: 'duplicate' });

    gemini.finish(name);
    await job.completed();
    await gemini.idle();

    expect(gemini.deliveries.filter(({ status }) => status === 200 || status === 202)).toHaveLength(2);
    await until(() => heard.length > 0);
    expect([heard.length, lookups()]).toEqual([1, 0]);
  });

  it('runs the handlers once when the webhook comes after a look-up has found the end', async () => {
    const { gemini, job, name, heard } = await started(SOON);
    gemini.inject({ fault: 'delay', delayMs: 5_000 });

    gemini.finish(name);
    await job.completed();
    await gemini.advance(5_000);

    expect(gemini.deliveries.at(-1)?.status).toBeLessThan(300);
    await until(() => heard.length > 0);
    expect(heard.map(({ delivery }) => delivery.strategy)).toEqual(['reconciled']);
  });

  it('takes the true delivery and refuses a forged one beside it', async () => {
    const { gemini, job, name, heard, lookups } = await started();
    gemini.inject({ fault: 'forge' });

    gemini.finish(name);
    await job.completed();
    await gemini.idle();

    expect(gemini.deliveries.find(({ fault }) => fault === 'forge')?.status).toBe(401);
    await until(() => heard.length > 0);
    expect([heard.length, lookups()]).toEqual([1, 0]);
  });

  it("refuses the delivery of another project's job", async () => {
    const { gemini, job, name, heard, lookups } = await started();
    gemini.inject({ fault: 'foreign' });

    gemini.finish(name);
    await job.completed();
    await gemini.idle();

    expect(gemini.deliveries.find(({ fault }) => fault === 'foreign')?.status).toBe(403);
    await until(() => heard.length > 0);
    expect([heard.length, lookups()]).toEqual([1, 0]);
  });

  it('takes a delivery again that was too old at first', async () => {
    const { gemini, job, name, heard, lookups } = await started();
    gemini.inject({ fault: 'stale' });

    gemini.finish(name);
    await gemini.idle();
    await gemini.advance(60_000);
    await job.completed();

    expect(gemini.deliveries.map(({ status }) => status).slice(0, 1)).toEqual([400]);
    await until(() => heard.length > 0);
    expect([heard.length, lookups()]).toEqual([1, 0]);
  });

  it('ends while the keys have just been rotated', async () => {
    const { gemini, job, name, heard, start, lookups } = await started();
    const earlier = await start(kind);
    gemini.finish(earlier.name!);
    await earlier.completed();
    gemini.rotateKeys();

    gemini.finish(name);
    await job.completed();
    await until(() => heard.length === 2);

    expect(gemini.countOf('jwks')).toBe(2);
    expect(lookups()).toBe(0);
  });

  it('is told from another job when their webhooks come in the wrong order', async () => {
    const { gemini, job, name, heard, start, lookups } = await started();
    const later = await start(kind, { orderId: 8 });
    gemini.inject({ fault: 'reorder', job: name });

    gemini.finish(name);
    gemini.finish(later.name!);
    const ended = await Promise.all([job.completed(), later.completed()]);
    await until(() => heard.length === 2);
    await gemini.idle();

    expect(ended.map(({ userMetadata }) => userMetadata['orderId'])).toEqual([7, 8]);
    expect(gemini.deliveries.map(({ job: of }) => of)).toEqual([later.name, name]);
    expect(lookups()).toBe(0);
  });

  it('is started and looked up by an API that takes its time', async () => {
    const gemini = await startGemini();
    gemini.inject({ fault: 'api_delay', delayMs: 150 });
    gemini.inject({ fault: 'lose' });
    const { start, heard } = await startJobsApp(gemini, make(), SOON);

    const job = await start(kind);
    gemini.finish(job.name!);
    await job.completed();
    await until(() => heard.length === 1);
  });

  it('is looked up until Gemini answers when its webhook is lost and the API fails', async () => {
    const { gemini, job, name, heard, lookups } = await started(SOON);
    gemini.inject({ fault: 'lose' });
    gemini.inject({ fault: 'api_error', status: 503, operation: LOOKUP_OF[kind], times: 2 });

    gemini.finish(name);
    await job.completed();
    await until(() => heard.length === 1);

    expect(lookups()).toBeGreaterThanOrEqual(3);
  });

  it('waits as long as a 429 asks before it is looked up again', async () => {
    const { gemini, job, name, lookups } = await started(SOON);
    gemini.inject({ fault: 'lose' });
    gemini.inject({ fault: 'api_error', status: 429, retryAfterSeconds: 1, operation: LOOKUP_OF[kind], times: 1 });

    gemini.finish(name);
    await job.completed();

    const [refused, answered] = gemini.requests.filter(({ operation }) => operation === LOOKUP_OF[kind]);
    expect([refused?.status, answered?.status, lookups()]).toEqual([429, 200, 2]);
  });

  it('ends as not_found when Gemini does not know it any more', async () => {
    const { gemini, job } = await started(SOON);
    gemini.inject({ fault: 'api_error', status: 404, operation: LOOKUP_OF[kind] });

    await expect(job.completed()).rejects.toMatchObject({ name: 'GeminiJobError', code: 'not_found', job: job.id });
  });

  it('ends as unknown_outcome when nobody can say how until untilMs', async () => {
    const { job, heard } = await started({ afterMs: 50, maxIntervalMs: 100, untilMs: 400 });

    await expect(job.completed()).rejects.toMatchObject({ code: 'unknown_outcome' });
    expect(heard).toEqual([]);
  });

  it('leaves nothing behind when Gemini refuses to start it', async () => {
    const gemini = await startGemini();
    const { start } = await startJobsApp(gemini, make(), SOON);
    gemini.inject({ fault: 'api_error', status: 400, times: 1 });

    const error = await start(kind).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );

    expect(error).toMatchObject({ status: 400 });
    expect(gemini.requests).toHaveLength(1);
  });

  it('is started once, whatever the API answers', async () => {
    const gemini = await startGemini();
    const { start } = await startJobsApp(gemini, make());
    gemini.inject({ fault: 'api_error', status: 503 });

    await expect(start(kind)).rejects.toMatchObject({ status: 503 });
    expect(gemini.requests).toHaveLength(1);
  });

  it('is started without metadata when Gemini refuses that, and its webhook still proves whose it is', async () => {
    const gemini = await startGemini();
    const { start, heard } = await startJobsApp(gemini, make());
    gemini.inject({ fault: 'refuse_user_metadata' });

    const job = await start(kind, { orderId: 7 });
    gemini.finish(job.name!);
    await job.completed();
    await until(() => heard.length === 1);

    expect(heard[0]).toMatchObject({ userMetadata: {} });
  });

  it('is awaited by its id, its name or its event, before and after it has ended', async () => {
    const { gemini, job, jobs, name, heard } = await started();
    const before = jobs.waitFor(job.id);

    gemini.finish(name);
    await before;
    await until(() => heard.length === 1);

    for (const ref of [job, job.id, name, heard[0]!]) {
      expect(await jobs.waitFor(ref)).toMatchObject({ type: SUCCESS_OF[kind] });
    }
  });

  it('ends the wait by timeout or signal, and the job goes on', async () => {
    const { gemini, job, name } = await started();
    const controller = new AbortController();
    const aborted = job.completed({ signal: controller.signal });

    await expect(job.completed({ timeoutMs: 20 })).rejects.toMatchObject({ name: 'TimeoutError' });
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');

    gemini.finish(name);
    await job.completed();
  });
});

describe.each(INBOXES)('on $inbox', ({ make }) => {
  it.each([
    ['batch', 'failed', 'failed', 'batch.failed'],
    ['batch', 'expired', 'expired', 'batch.expired'],
    ['batch', 'cancelled', 'cancelled', 'batch.cancelled'],
    ['interaction', 'failed', 'failed', 'interaction.failed'],
    ['interaction', 'cancelled', 'cancelled', 'interaction.cancelled'],
    ['interaction', 'requires_action', 'requires_action', 'interaction.requires_action'],
    ['interaction', 'incomplete', 'incomplete', undefined],
    ['interaction', 'budget_exceeded', 'budget_exceeded', undefined],
    ['video', 'failed', 'failed', undefined],
    ['video', 'filtered', 'filtered', undefined],
  ] as const)('a %s that ends %s rejects as %s, with the event %s', async (kind, end, code, type) => {
    const gemini = await startGemini();
    const { start, heard } = await startJobsApp(gemini, make(), SOON);
    const job = await start(kind);

    gemini.finish(job.name!, end);

    const error = await job.completed().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(GeminiJobError);
    expect(error).toMatchObject({ code, job: job.id, ...(type && { event: { type } }) });
    if (type) await until(() => heard.length === 1);
    expect(heard.map((event) => event.type)).toEqual(type ? [type] : []);
  });
});

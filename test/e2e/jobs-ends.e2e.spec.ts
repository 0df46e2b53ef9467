import { describe, expect, it, jest } from '@jest/globals';
import { BRIEFLY, heardOf, INBOXES, KINDS, LATER, SOON, startedJob, SUCCESS_OF } from '../support/jobs.js';
import { shareJobsApps } from '../support/shared-jobs-apps.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

describe.each(INBOXES)('on $inbox', ({ make }) => {
  const shared = shareJobsApps(make, { later: LATER, soon: SOON, brief: BRIEFLY });

  describe.each(KINDS)('a %s', (kind) => {
    const started = (app = shared.app('later'), metadata: Record<string, unknown> = { orderId: 7 }) =>
      startedJob(shared.gemini, app, kind, metadata);

    it('succeeds even if one poll answers that it does not exist', async () => {
      const { job, name, heard, pollCount } = await started(shared.app('soon'));
      shared.inject({ fault: 'lose', job: name });
      shared.inject({ fault: 'not_found', job: name, times: 1 });
      await until(() => pollCount() > 0);

      shared.gemini.finish(name);

      expect(await job.completed()).toMatchObject({ type: SUCCESS_OF[kind] });
      await until(() => heard().length > 0);
      expect(heard().map(({ type }) => type)).toEqual([SUCCESS_OF[kind]]);
      expect(pollCount()).toBeGreaterThan(1);
    });

    /** `not_found` if Gemini does not know the job, otherwise `unknown_outcome`. */
    const lose = async (reason: 'not_found' | 'unknown_outcome') => {
      const lost = await started(shared.app('brief'));
      if (reason === 'not_found') shared.inject({ fault: 'not_found', job: lost.name });
      await expect(lost.job.completed()).rejects.toMatchObject({
        name: 'GeminiJobError',
        code: reason,
        job: lost.job.id,
        event: { type: `${kind}.lost` },
      });
      await until(() => lost.heard().length > 0);
      return lost;
    };

    it.each(['not_found', 'unknown_outcome'] as const)(
      'is reported once as lost at untilMs, and still ends when its event arrives: %s',
      async (reason) => {
        const { job, name, heard } = await lose(reason);
        expect(heard()).toMatchObject([
          {
            type: `${kind}.lost`,
            data: { id: name.replace('batches/', ''), reason },
            delivery: { strategy: 'reconciled' },
            userMetadata: { orderId: 7 },
          },
        ]);
        shared.removeFaults();

        shared.gemini.finish(name);
        await until(() => heard().length === 2);

        expect(heard()[1]).toMatchObject({ type: SUCCESS_OF[kind], delivery: { strategy: 'jwks' } });
        for (const ref of [job, job.id, name, heard()[0]!, heard()[1]!]) {
          expect(await shared.app('brief').jobs.waitFor(ref)).toMatchObject({ type: SUCCESS_OF[kind] });
        }
      },
    );

    it('can be awaited by its id, its name or its event, before and after it has ended', async () => {
      const { job, name, heard } = await started();
      const before = shared.app('later').jobs.waitFor(job.id);

      shared.gemini.finish(name);
      await before;
      await until(() => heard().length === 1);

      for (const ref of [job, job.id, name, heard()[0]!]) {
        expect(await shared.app('later').jobs.waitFor(ref)).toMatchObject({ type: SUCCESS_OF[kind] });
      }
    });

    it('keeps running when a timeout or signal ends the wait', async () => {
      const { job, name } = await started();
      const controller = new AbortController();
      const aborted = job.completed({ signal: controller.signal });

      await expect(job.completed({ timeoutMs: 20 })).rejects.toMatchObject({ name: 'TimeoutError' });
      controller.abort(new Error('enough'));
      await expect(aborted).rejects.toThrow('enough');

      shared.gemini.finish(name);
      await job.completed();
    });
  });

  it.each([
    ['batch', 'failed', 'failed', 'batch.failed'],
    ['batch', 'expired', 'expired', 'batch.expired'],
    ['batch', 'cancelled', 'cancelled', 'batch.cancelled'],
    ['interaction', 'failed', 'failed', 'interaction.failed'],
    ['interaction', 'cancelled', 'cancelled', 'interaction.cancelled'],
    ['interaction', 'requires_action', 'requires_action', 'interaction.requires_action'],
    ['interaction', 'incomplete', 'incomplete', 'interaction.incomplete'],
    ['interaction', 'budget_exceeded', 'budget_exceeded', 'interaction.incomplete'],
    ['video', 'failed', 'failed', 'video.failed'],
    ['video', 'filtered', 'filtered', 'video.failed'],
    ['video', 'cancelled', 'cancelled', 'video.failed'],
    ['video', 'incomplete', 'incomplete', 'video.failed'],
  ] as const)('a %s that ends %s rejects as %s, with the event %s', async (kind, end, code, type) => {
    const job = await shared.app('soon').start(kind);

    shared.gemini.finish(job.name!, end);

    await expect(job.completed()).rejects.toMatchObject({ name: 'GeminiJobError', code, job: job.id, event: { type } });
    await until(() => heardOf(shared.app('soon'), job).length > 0);
    expect(heardOf(shared.app('soon'), job).map((event) => event.type)).toEqual([type]);
  });
});

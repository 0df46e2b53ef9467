import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { GeminiSimulatorOptions } from '../../lib/testing/index.js';
import { closeApps } from '../support/apps.js';
import { removeTestQueues } from '../support/durable.js';
import {
  closeSimulators,
  INBOXES,
  LATER,
  SOON,
  startedJob,
  startGemini,
  startJobsApp,
  type JobsApp,
} from '../support/jobs.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

type VideoEvent = NonNullable<GeminiSimulatorOptions['videoEvent']>;

describe.each(INBOXES)('videos on $inbox', ({ make }) => {
  let gemini: Awaited<ReturnType<typeof startGemini>>;
  let app: JobsApp;

  /** The apps of a group share one Gemini, which announces videos as `videoEvent` says. */
  const useApp = (videoEvent: VideoEvent) => {
    beforeAll(async () => {
      gemini = await startGemini({ videoEvent });
      app = await startJobsApp(gemini, make(), videoEvent === 'none' ? SOON : LATER);
    });
    afterAll(async () => {
      await closeApps();
      await removeTestQueues();
      await closeSimulators();
    });
  };
  const started = () => startedJob(gemini, app, 'video', { scene: 3 });
  const deliveriesOf = (name: string) => gemini.deliveries.filter(({ job }) => job === name);

  describe.each([
    { videoEvent: 'none', sentType: 'video.generated', strategy: 'reconciled', polls: undefined },
    { videoEvent: 'interaction.completed', sentType: 'interaction.completed', strategy: 'jwks', polls: 1 },
    { videoEvent: 'video.generated', sentType: 'video.generated', strategy: 'jwks', polls: 0 },
    { videoEvent: 'both', sentType: 'interaction.completed', strategy: 'jwks', polls: 1 },
  ] as const)('that Gemini announces as $videoEvent', ({ videoEvent, sentType, strategy, polls }) => {
    useApp(videoEvent);

    it('end as one video.generated that contains the location of the film', async () => {
      const { job, name, heard, pollCount } = await started();
      const completed = job.completed();

      gemini.finish(name);
      const event = await completed;
      await gemini.idle();
      await until(() => heard().length > 0);

      expect(event).toMatchObject({ type: 'video.generated', data: { output_file_uri: expect.any(String) } });
      expect(heard()).toMatchObject([
        {
          type: 'video.generated',
          data: { id: name, output_file_uri: expect.stringMatching(/\/files\/\w+/), file_name: expect.any(String) },
          resource: { kind: 'video', name },
          userMetadata: { scene: 3 },
          delivery: { sentType, strategy },
        },
      ]);
      expect(deliveriesOf(name).every(({ status }) => status === 200 || status === 202)).toBe(true);
      if (polls !== undefined) expect(pollCount()).toBe(polls);
    });

    it('end in parallel, each as one event', async () => {
      const clips = await Promise.all(Array.from({ length: 12 }, started));

      // Each poll is in flight while all the other webhooks arrive.
      const remove = gemini.inject({ fault: 'api_delay', delayMs: 300, operation: 'interactions.get' });

      for (const { name } of clips) gemini.finish(name);
      await Promise.all(clips.map(({ job }) => job.completed()));
      remove();
      await gemini.idle();
      await until(() => clips.every(({ heard }) => heard().length > 0));

      expect(clips.flatMap(({ heard }) => heard().map(({ type }) => type))).toEqual(clips.map(() => 'video.generated'));
      if (polls !== undefined) expect(clips.map(({ pollCount }) => pollCount())).toEqual(clips.map(() => polls));
      // Gemini does not need to redeliver any of them.
      expect(clips.flatMap(({ name }) => deliveriesOf(name)).filter(({ status }) => Number(status) >= 300)).toEqual([]);
    });
  });

  describe('that Gemini announces as interactions', () => {
    useApp('interaction.completed');

    it.each([
      ['filtered', 'interaction.completed', /I cannot make this video/, 1],
      ['failed', 'interaction.failed', /./, 0],
      ['cancelled', 'interaction.cancelled', undefined, 0],
    ] as const)('that end as %s produce a video.failed, delivered by %s', async (end, sentType, says, polls) => {
      const { job, name, heard, pollCount } = await started();

      gemini.finish(name, end);
      await expect(job.completed()).rejects.toMatchObject({
        code: end,
        job: job.id,
        event: { type: 'video.failed', data: { reason: end } },
      });
      await until(() => heard().length > 0);

      await gemini.idle();
      const [delivery] = deliveriesOf(name);
      expect(heard()).toMatchObject([
        {
          type: 'video.failed',
          data: { id: name, reason: end, ...(says && { message: expect.stringMatching(says) }) },
          resource: { kind: 'video', name },
          userMetadata: { scene: 3 },
          delivery: { id: delivery!.id, strategy: 'jwks', sentType },
        },
      ]);
      expect([delivery!.status === 200 || delivery!.status === 202, pollCount()]).toEqual([true, polls]);
    });

    it('include those that createInteraction starts', async () => {
      const job = await app.jobs.createInteraction(
        { model: 'gemini-omni-1.2-flash', input: 'a quiet sea', response_format: { type: 'video', duration: '12s' } },
        app.route,
      );
      gemini.finish(job.name!);

      expect([job.kind, (await job.completed()).type]).toEqual(['video', 'video.generated']);
    });
  });

  describe('that Gemini does not announce', () => {
    useApp('none');

    it.each(['filtered', 'failed', 'cancelled', 'incomplete'] as const)(
      'that end as %s produce a video.failed',
      async (end) => {
        const { job, name, heard } = await started();

        gemini.finish(name, end);
        await expect(job.completed()).rejects.toMatchObject({ code: end, event: { type: 'video.failed' } });
        await until(() => heard().length > 0);

        expect(heard()).toMatchObject([
          {
            type: 'video.failed',
            data: { id: name, reason: end },
            userMetadata: { scene: 3 },
            delivery: { strategy: 'reconciled', sentType: 'video.failed' },
          },
        ]);
      },
    );

    it('keep running while their status is unknown', async () => {
      const { job, name, heard, pollCount } = await started();
      gemini.setStatus(name, 'rendering_in_the_clouds');
      await until(() => pollCount() >= 2);
      expect(heard()).toEqual([]);

      gemini.setStatus(name, 'requires_continuation');
      const before = pollCount();
      await until(() => pollCount() > before + 1);
      gemini.finish(name);

      expect(await job.completed()).toMatchObject({ type: 'video.generated' });
    });
  });
});

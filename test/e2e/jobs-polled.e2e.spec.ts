import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { closeApps } from '../support/apps.js';
import { removeTestQueues } from '../support/durable.js';
import {
  closeSimulators,
  INBOXES,
  KINDS,
  SOON,
  startGemini,
  startJob,
  startJobsApp,
  SUCCESS_OF,
} from '../support/jobs.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { newSecret } from '../support/senders.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

const POLLED = /start without a webhook and are polled/;

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
  await closeSimulators();
});

describe.each(INBOXES)('without a public URL, on $inbox', ({ make }) => {
  it('jobs of every kind need only a client, and one line at start-up reports that', async () => {
    const gemini = await startGemini({ videoEvent: 'both' });
    const logger = new RecordingLogger();
    const { jobs, heard } = await startJobsApp(gemini, make(), SOON, undefined, { logger });

    const started = await Promise.all(KINDS.map((kind) => startJob(jobs, kind, {}, { orderId: 7 })));
    for (const { name } of started) gemini.finish(name!);
    const ended = await Promise.all(started.map((job) => job.completed()));
    await until(() => heard.length >= KINDS.length);

    expect(ended.map(({ type }) => type)).toEqual(KINDS.map((kind) => SUCCESS_OF[kind]));
    expect(heard.map(({ type }) => type).toSorted()).toEqual(Object.values(SUCCESS_OF).toSorted());
    for (const { delivery, userMetadata } of heard) {
      expect([delivery.strategy, userMetadata]).toEqual(['reconciled', { orderId: 7 }]);
    }
    expect(gemini.deliveries).toEqual([]);
    expect(logger.entries.filter(({ text }) => POLLED.test(text))).toHaveLength(1);
    // No warning about missing webhooks that were never requested.
    expect(logger.text).not.toMatch(/No webhook arrived for the/);
  });

  it('embeddings are polled too, and so are jobs that cannot have a webhook', async () => {
    const gemini = await startGemini();
    const more = { publicUrl: 'https://example.com', jobs: { webhooks: 'never' } } as const;
    const { jobs, heard } = await startJobsApp(gemini, make(), SOON, undefined, more);

    const contents = [{ parts: [{ text: 'the sea' }] }];
    const src = { inlinedRequests: { contents } };
    const embeddings = await jobs.createEmbeddingBatch({ model: 'gemini-embedding-001', src });
    const video = await jobs.createVideo({ input: 'a quiet sea' });
    gemini.finish(embeddings.name!);
    gemini.finish(video.name!);

    expect([(await embeddings.completed()).type, (await video.completed()).type]).toEqual([
      'batch.succeeded',
      'video.generated',
    ]);
    await until(() => heard.length === 2);
    expect(gemini.deliveries).toEqual([]);
  });

  it('a wait for an unknown id of a job logs that only its event can end it, and one for a name does not', async () => {
    const gemini = await startGemini();
    const logger = new RecordingLogger();
    const { jobs } = await startJobsApp(gemini, make(), SOON, undefined, { logger });
    const unknown = `job.batch.${randomUUID()}`;
    const known = await startJob(jobs, 'batch', {});

    for (const ref of [unknown, unknown, known.id, 'batches/unknown']) {
      await expect(jobs.waitFor(ref, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' });
    }

    expect(logger.of('warn').filter((line) => line.includes('no record here'))).toEqual([
      expect.stringMatching(new RegExp(`^The job ${unknown} has no record here: .*only its event.*Check the id`)),
    ]);
  });

  it('ends that Gemini does not announce reach handlers once', async () => {
    const gemini = await startGemini();
    const { jobs, heard } = await startJobsApp(gemini, make(), SOON);
    const [batch, video, interaction] = await Promise.all(KINDS.map((kind) => startJob(jobs, kind, {})));
    gemini.finish(batch!.name!, 'expired');
    gemini.finish(video!.name!, 'filtered');
    gemini.finish(interaction!.name!, 'incomplete');

    await expect(batch!.completed()).rejects.toMatchObject({ code: 'expired' });
    await expect(video!.completed()).rejects.toMatchObject({ code: 'filtered' });
    await expect(interaction!.completed()).rejects.toMatchObject({ code: 'incomplete' });
    await until(() => heard.length >= 3);
    expect(heard.map(({ type }) => type).toSorted()).toEqual([
      'batch.expired',
      'interaction.incomplete',
      'video.failed',
    ]);
  });
});

describe.each(INBOXES)('missing webhooks, on $inbox', ({ make }) => {
  it('are logged once for each kind, and as expected behaviour for videos', async () => {
    const gemini = await startGemini({ videoEvent: 'none' });
    gemini.inject({ fault: 'lose' });
    const logger = new RecordingLogger();
    const { start, heard } = await startJobsApp(gemini, make(), SOON, undefined, { logger });

    const started = await Promise.all([...KINDS, ...KINDS].map((kind) => start(kind)));
    for (const { name } of started) gemini.finish(name!);
    await Promise.all(started.map((job) => job.completed()));
    await until(() => heard.length >= started.length);

    const warnings = logger.of('warn').filter((text) => text.includes('No webhook arrived for the'));
    const announced = KINDS.filter((kind) => kind !== 'video');
    expect(warnings.map((text) => /for the (\w+) job/.exec(text)?.[1]).toSorted()).toEqual(announced.toSorted());
    expect(logger.of('log').filter((text) => /Polling found that the video job/.test(text))).toHaveLength(1);
  });
});

describe('an app that requests webhooks', () => {
  const boot = async (more: NonNullable<Parameters<typeof startJobsApp>[4]>, reconcile: typeof SOON | false = SOON) => {
    const gemini = await startGemini();
    return { gemini, ...(await startJobsApp(gemini, INBOXES[0]!.make(), reconcile, undefined, more)) };
  };

  it.each(KINDS)('does not start a %s without a public URL if webhooks are required', async (kind) => {
    const { gemini, jobs } = await boot({ jobs: { webhooks: 'required' } });

    const refusal = { code: 'invalid_option', message: expect.stringMatching(/publicUrl|GEMINI_WEBHOOK_PUBLIC_URL/) };
    await expect(startJob(jobs, kind, {})).rejects.toMatchObject(refusal);
    expect(gemini.requests).toEqual([]);
  });

  it('starts a job with its own URI if webhooks are required, but no embeddings', async () => {
    const { gemini, start, jobs } = await boot({ jobs: { webhooks: 'required' } });
    expect((await start('video')).name).toMatch(/^v1_/);

    const src = { inlinedRequests: { contents: [{ parts: [{ text: 'the sea' }] }] } };
    await expect(jobs.createEmbeddingBatch({ model: 'gemini-embedding-001', src })).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('jobs.webhooks'),
    });
    expect(gemini.requests).toHaveLength(1);
  });

  it('rejects a job without a webhook if polling is off, unless a static webhook reports it', async () => {
    const { gemini, jobs } = await boot({}, false);
    await expect(startJob(jobs, 'video', {})).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(/publicUrl.*reconcile/),
    });
    expect(gemini.requests).toEqual([]);

    const told = await boot({ hmac: { secrets: newSecret() } }, false);
    expect((await startJob(told.jobs, 'video', {})).name).toMatch(/^v1_/);
  });

  it('does not start with both webhooks and polling turned off', async () => {
    await expect(boot({ jobs: { webhooks: 'never' } }, false)).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('jobs.reconcile'),
    });
  });

  it.each([
    { more: { hmac: { secrets: newSecret() } }, has: 'a static secret' },
    { more: { publicUrl: 'https://example.com' }, has: 'a public URL' },
  ])('does not log that jobs are polled if it has $has', async ({ more }) => {
    const logger = new RecordingLogger();
    await boot({ ...more, logger });

    expect(logger.text).not.toMatch(POLLED);
  });
});

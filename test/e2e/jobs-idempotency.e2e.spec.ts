import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import { GeminiJobs, GeminiWebhooksModule, getGeminiToken, type GeminiJob, type JobsOptions } from '../../lib/index.js';
import type { InboxEngineFactory } from '../../lib/inbox/inbox-engine.js';
import type { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { BINDING_SECRET } from '../support/binding-tokens.js';
import { inboxOn, removeTestQueues, testQueue } from '../support/durable.js';
import { closeSimulators, INBOXES, startGemini } from '../support/jobs.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { STORES } from '../support/stores.js';

jest.setTimeout(30_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
  await closeSimulators();
});

interface App {
  readonly jobs: GeminiJobs;
  readonly other: GeminiJobs;
  readonly uri: string;
  readonly logger: RecordingLogger;
}

/** An app with two module instances, whose jobs are polled only if the test enables it. */
async function startJobsApp(
  gemini: GeminiSimulator,
  inbox: InboxEngineFactory,
  { fetch, ...options }: JobsOptions & { fetch?: typeof globalThis.fetch } = {},
): Promise<App> {
  const logger = new RecordingLogger();
  const { apiKey, httpOptions } = gemini.clientOptions;
  const settings = {
    gemini: { apiKey, httpOptions: { ...httpOptions, ...(fetch && { fetch }) } },
    jwks: { url: gemini.jwksUrl },
    binding: { secret: BINDING_SECRET },
    jobs: { reconcile: { afterMs: 600_000 }, ...options },
  };
  const imports = [
    GeminiWebhooksModule.forRoot({ ...settings, inbox }),
    GeminiWebhooksModule.forRoot({ ...settings, name: 'other', path: 'other' }),
  ];

  @Injectable()
  class Starters {
    constructor(
      readonly jobs: GeminiJobs,
      @Inject(getGeminiToken(GeminiJobs, 'other')) readonly other: GeminiJobs,
    ) {}
  }

  const { app, origin } = await startApp(
    { imports, providers: [Starters] },
    { adapter: ADAPTERS[0], options: { logger } },
  );
  const { jobs, other } = app.get(Starters);
  return { jobs, other, uri: `${origin}/gemini/webhooks`, logger };
}

const PROMPT = { input: 'a quiet sea' };
const BATCH = { model: 'gemini-3.8-flash', src: [{ contents: [{ parts: [{ text: 'hello' }] }] }] };
const QUESTION = { model: 'gemini-3.8-flash', input: 'how deep is the sea?' };

/** The request reaches Gemini, but the response never reaches us. */
function losingTheFirstAnswer(): typeof fetch {
  let isLost = false;
  return async (...request) => {
    const response = await fetch(...request);
    if (isLost) return response;
    isLost = true;
    throw new TypeError('terminated');
  };
}

const starts = (gemini: GeminiSimulator) =>
  gemini.countOf('interactions.create') + gemini.countOf('batches.create') + gemini.countOf('batches.createEmbeddings');

describe.each(INBOXES)('an idempotencyKey on $inbox', ({ make }) => {
  it.each<[string, (jobs: GeminiJobs, idempotencyKey: string) => Promise<GeminiJob>]>([
    ['batch', (jobs, idempotencyKey) => jobs.createBatch(BATCH, { idempotencyKey })],
    ['video', (jobs, idempotencyKey) => jobs.createVideo(PROMPT, { idempotencyKey })],
    ['interaction', (jobs, idempotencyKey) => jobs.createInteraction(QUESTION, { idempotencyKey })],
  ])('returns the same %s with one request, for consecutive and for simultaneous calls', async (_kind, start) => {
    const gemini = await startGemini();
    const { jobs } = await startJobsApp(gemini, make());

    const first = await start(jobs, 'night-42');
    const others = await Promise.all(Array.from({ length: 10 }, () => start(jobs, 'night-42')));

    expect(new Set(others.map(({ id, name }) => `${id} ${name}`))).toEqual(new Set([`${first.id} ${first.name}`]));
    expect(starts(gemini)).toBe(1);

    const another = await start(jobs, 'night-43');
    expect(another.id).not.toBe(first.id);
    expect(starts(gemini)).toBe(2);
  });

  it('returns a job that has ended, with its outcome', async () => {
    const gemini = await startGemini();
    const { jobs, uri } = await startJobsApp(gemini, make());
    const options = { idempotencyKey: 'film-42/scene-3', uri };
    const made = await jobs.createVideo(PROMPT, options);
    gemini.finish(made.name!);
    await made.completed();
    const refused = await jobs.createVideo(PROMPT, { ...options, idempotencyKey: 'film-42/scene-4' });
    gemini.finish(refused.name!, 'failed');
    await expect(refused.completed()).rejects.toMatchObject({ code: 'failed' });

    const again = await jobs.createVideo(PROMPT, options);
    expect(await again.completed()).toMatchObject({ type: 'video.generated' });
    const refusedAgain = await jobs.createVideo(PROMPT, { ...options, idempotencyKey: 'film-42/scene-4' });
    await expect(refusedAgain.completed()).rejects.toMatchObject({ code: 'failed', job: refused.id });
    expect(starts(gemini)).toBe(2);
  });

  it('rejects other parameters and other kinds of jobs without starting anything', async () => {
    const gemini = await startGemini();
    const { jobs } = await startJobsApp(gemini, make());
    const options = { idempotencyKey: 'night-42' };
    const job = await jobs.createBatch(BATCH, options);

    const reused = {
      code: 'invalid_argument',
      message: expect.stringMatching(/idempotencyKey.*"night-42".*job\.batch/),
    };
    await expect(jobs.createBatch({ ...BATCH, model: 'gemini-3.6-flash' }, options)).rejects.toMatchObject(reused);
    await expect(jobs.createVideo(PROMPT, options)).rejects.toMatchObject(reused);
    await expect(jobs.createInteraction(QUESTION, options)).rejects.toMatchObject(reused);
    const embeddings = { model: 'gemini-embedding-001', src: { inlinedRequests: { contents: ['a'] } } };
    await expect(jobs.createEmbeddingBatch(embeddings, options)).rejects.toMatchObject(reused);
    expect(starts(gemini)).toBe(1);

    // Transport options and the order of fields are not part of the request.
    const { model, src } = BATCH;
    const config = { httpOptions: { timeout: 5_000 }, abortSignal: new AbortController().signal };
    const same = await jobs.createBatch({ src, config: {}, model }, { idempotencyKey: 'night-43' });
    const sent = await jobs.createBatch({ model, src, config }, { idempotencyKey: 'night-43' });
    expect(sent.id).toBe(same.id);
    expect(same.id).not.toBe(job.id);
  });

  it.each([
    ['empty', ''],
    ['of 501 characters', 'x'.repeat(501)],
    ['a number', 7],
    ['null', null],
  ])('that is %s is rejected without starting anything', async (_what, key) => {
    const gemini = await startGemini();
    const { jobs } = await startJobsApp(gemini, make());

    const error = { code: 'invalid_argument', message: expect.stringMatching(/idempotencyKey: got .* Give a string/) };
    await expect(jobs.createVideo(PROMPT, { idempotencyKey: key as string })).rejects.toMatchObject(error);
    expect(gemini.requests).toEqual([]);
  });

  it('is scoped to its module instance', async () => {
    const gemini = await startGemini();
    const { jobs, other } = await startJobsApp(gemini, make());
    const mine = await jobs.createVideo(PROMPT, { idempotencyKey: 'same' });
    const others = await other.createVideo({ input: 'a rough sea' }, { idempotencyKey: 'same' });

    expect(mine.id).not.toBe(others.id);
    expect(starts(gemini)).toBe(2);
  });

  it('keeps the parameters that Gemini refused, and repeats the request with them', async () => {
    const gemini = await startGemini();
    const { jobs } = await startJobsApp(gemini, make());
    const options = { idempotencyKey: 'scene-3' };
    const refused = { input: 'something [blocked]' };
    await expect(jobs.createVideo(refused, options)).rejects.toMatchObject({ status: 400 });

    await expect(jobs.createVideo(PROMPT, options)).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(jobs.createVideo(refused, options)).rejects.toMatchObject({ status: 400 });
    expect((await jobs.createVideo(PROMPT, { idempotencyKey: 'scene-3/softened' })).name).toMatch(/^v1_/);
    expect(starts(gemini)).toBe(3);
  });

  it('repeats a start at once if it never became a request', async () => {
    const gemini = await startGemini();
    const { jobs } = await startJobsApp(gemini, make());
    const start = () => jobs.generateVideos({ model: 'a-model', source: { prompt: 'sea' } }, { idempotencyKey: 'veo' });
    await expect(start()).rejects.toMatchObject({ code: 'invalid_argument' });

    await expect(start()).rejects.toMatchObject({ code: 'invalid_argument' });

    expect(starts(gemini)).toBe(0);
  });

  it('makes one request for a start that is repeated right after a refusal, and returns its job from then on', async () => {
    const gemini = await startGemini();
    const { jobs } = await startJobsApp(gemini, make());
    const keys = Array.from({ length: 30 }, (_, index) => `scene-${index}`);
    gemini.inject({ fault: 'api_error', status: 429, operation: 'interactions.create', times: keys.length });
    const start = (idempotencyKey: string) => jobs.createVideo(PROMPT, { idempotencyKey });
    const insist = (key: string): Promise<GeminiJob> => start(key).catch(() => insist(key));

    const first = await Promise.all(keys.map(insist));
    const again = await Promise.all(keys.map(start));

    expect(again.map(({ name }) => name)).toEqual(first.map(({ name }) => name));
    expect(starts(gemini)).toBe(2 * keys.length);
  });

  it('finds a batch by its display name after a lost response, without another request', async () => {
    const gemini = await startGemini();
    const { jobs } = await startJobsApp(gemini, make());
    gemini.inject({ fault: 'api_error', status: 503, operation: 'batches.create', afterEffect: true, times: 1 });
    await expect(jobs.createBatch(BATCH, { idempotencyKey: 'night-42' })).rejects.toMatchObject({ status: 503 });

    const job = await jobs.createBatch(BATCH, { idempotencyKey: 'night-42' });

    expect(job.name).toMatch(/^batches\//);
    expect(gemini.countOf('batches.create')).toBe(1);
    gemini.finish(job.name!);
  });

  it('does not confuse the batches of two keys that share a display name', async () => {
    const gemini = await startGemini();
    const { jobs } = await startJobsApp(gemini, make(), { repeatStartAfterMs: 400 });
    const start = (idempotencyKey: string) =>
      jobs.createBatch({ ...BATCH, config: { displayName: 'nightly' } }, { idempotencyKey });
    gemini.inject({ fault: 'api_error', status: 503, operation: 'batches.create', times: 1 });
    await expect(start('monday')).rejects.toMatchObject({ status: 503 });
    const tuesday = await start('tuesday');

    const monday = await start('monday');

    expect(monday.name).not.toBe(tuesday.name);
    expect(gemini.countOf('batches.create')).toBe(3);
  });

  it('finds a video by its event after a lost response, without another request', async () => {
    const gemini = await startGemini();
    const { jobs, uri } = await startJobsApp(gemini, make(), { fetch: losingTheFirstAnswer() });
    const options = { idempotencyKey: 'scene-3', uri };
    await expect(jobs.createVideo(PROMPT, options)).rejects.toThrow(/terminated/);
    const { name } = gemini.requests.find(({ operation }) => operation === 'interactions.create')!;

    const again = jobs.createVideo(PROMPT, options);
    gemini.finish(name!);
    const job = await again;

    expect(job.name).toBe(name);
    expect(await job.completed()).toMatchObject({ type: 'video.generated' });
    expect(gemini.countOf('interactions.create')).toBe(1);
  });

  it('repeats a request without a response after repeatStartAfterMs, and logs that', async () => {
    const gemini = await startGemini();
    const { jobs, logger } = await startJobsApp(gemini, make(), { repeatStartAfterMs: 400 });
    gemini.inject({ fault: 'api_error', status: 503, operation: 'interactions.create', times: 1 });
    const began = performance.now();
    await expect(jobs.createInteraction(QUESTION, { idempotencyKey: 'q' })).rejects.toMatchObject({ status: 503 });

    const job = await jobs.createInteraction(QUESTION, { idempotencyKey: 'q' });

    expect(performance.now() - began).toBeGreaterThanOrEqual(399);
    expect(job.name).toMatch(/^v1_/);
    expect(gemini.countOf('interactions.create')).toBe(2);
    expect(logger.of('warn').filter((line) => line.includes(job.id) && line.includes('repeated'))).toHaveLength(1);
  });
});

it('warns once that the inline inbox loses keys when the process ends', async () => {
  const gemini = await startGemini();
  const { jobs, logger } = await startJobsApp(gemini, INBOXES[0]!.make());
  await jobs.createVideo(PROMPT, { idempotencyKey: 'a' });
  await jobs.createVideo(PROMPT, { idempotencyKey: 'b' });

  expect(logger.of('warn').filter((line) => line.includes('idempotencyKey'))).toHaveLength(1);
});

describe.each(STORES)('an idempotencyKey in several processes on $name', ({ url }) => {
  it('returns one job with one request for simultaneous calls', async () => {
    const gemini = await startGemini();
    const queue = testQueue(url);
    const apps = [];
    for (let count = 0; count < 3; count += 1) apps.push(await startJobsApp(gemini, inboxOn(queue)));

    const jobs = await Promise.all(
      apps.flatMap((app) => [1, 2, 3].map(() => app.jobs.createVideo(PROMPT, { idempotencyKey: 'scene-1' }))),
    );

    expect(new Set(jobs.map(({ id, name }) => `${id} ${name}`)).size).toBe(1);
    expect(starts(gemini)).toBe(1);
  });
});

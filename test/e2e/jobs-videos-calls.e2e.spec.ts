import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import type { GeminiJobs } from '../../lib/index.js';
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

jest.setTimeout(30_000);

const STARTS = 'interactions.create';
const TEXT_MODEL = 'gemini-3.8-flash';

describe.each(INBOXES)('on $inbox', ({ make }) => {
  let gemini: Awaited<ReturnType<typeof startGemini>>;
  let app: JobsApp;
  let folder: string;
  /** Bodies of the requests that started something, newest last. */
  const sent: Record<string, unknown>[] = [];

  const useApp = (options: GeminiSimulatorOptions, reconcile = LATER) => {
    beforeAll(async () => {
      gemini = await startGemini(options);
      const { apiKey, httpOptions } = gemini.clientOptions;
      const recording: typeof fetch = async (input, init) => {
        const request = new Request(input, init);
        if (request.method === 'POST') sent.push((await request.clone().json()) as Record<string, unknown>);
        return fetch(request);
      };
      const client = { apiKey, httpOptions: { ...httpOptions, fetch: recording } };
      app = await startJobsApp(gemini, make(), reconcile, undefined, { gemini: client });
      folder = await mkdtemp(join(tmpdir(), 'jobs-videos-calls-'));
    });
    afterAll(async () => {
      await closeApps();
      await removeTestQueues();
      await closeSimulators();
      await rm(folder, { recursive: true });
    });
  };
  const made = async () => {
    const clip = await startedJob(gemini, app, 'video');
    gemini.finish(clip.name);
    return { ...clip, event: await clip.job.completed() };
  };

  describe('a film', () => {
    useApp({});

    it('can be extended by its job, id, name or event, without parameters that the API refuses', async () => {
      const { job, name, event } = await made();

      for (const ref of [job, job.id, name, event]) {
        const longer = await app.jobs.extendVideo(
          ref,
          {
            prompt: 'A storm comes.',
            response_format: { duration: '4s', aspect_ratio: '16:9' } as { duration: string },
            generation_config: { video_config: { task: 'extend' } },
          },
          app.route,
        );

        expect([longer.kind, longer.name]).toEqual(['video', expect.stringMatching(/^v1_/)]);
        expect(sent.at(-1)).toMatchObject({
          model: 'gemini-omni-1.1-flash',
          input: 'Extend this video. A storm comes.',
          previous_interaction_id: name,
          background: true,
          response_format: { type: 'video', delivery: 'uri', duration: '4s' },
        });
        expect(JSON.stringify(sent.at(-1))).not.toMatch(/aspect_ratio|"task"/);
      }
    });

    it('is extended once the previous clip is ready, with the same model', async () => {
      const model = 'gemini-omni-1.2-flash';
      const first = await app.jobs.createVideo({ model, input: 'a quiet sea' }, app.route);
      const before = gemini.countOf(STARTS);
      const extending = app.jobs.extendVideo(first, { prompt: 'Extend this video. It rains.' }, app.route);
      await expect(
        app.jobs.extendVideo(first, { prompt: 'too soon' }, { ...app.route, timeoutMs: 50 }),
      ).rejects.toMatchObject({ name: 'TimeoutError' });
      expect(gemini.countOf(STARTS)).toBe(before);

      gemini.finish(first.name!);

      expect((await extending).kind).toBe('video');
      expect(sent.at(-1)).toMatchObject({ model, input: 'Extend this video. It rains.' });
    });

    it('is not extended if the previous clip was refused', async () => {
      const { job, name, pollCount } = await startedJob(gemini, app, 'video');
      const before = gemini.countOf(STARTS);
      const extending = app.jobs.extendVideo(job, { prompt: 'A storm comes.' }, app.route);
      gemini.finish(name, 'failed');

      await expect(extending).rejects.toMatchObject({ name: 'GeminiJobError', code: 'failed' });
      expect([gemini.countOf(STARTS), pollCount()]).toEqual([before, 0]);
    });

    it('can be found and downloaded by its job, id, name, event or file', async () => {
      const { job, name, event } = await made();
      const { output_file_uri: uri = '', file_name: file = '' } = event.data as {
        output_file_uri?: string;
        file_name?: string;
      };

      const films: Buffer[] = [];
      for (const [index, ref] of [job, job.id, name, event, uri, file].entries()) {
        await app.jobs.downloadVideo(ref, join(folder, `${index}.mp4`));
        films.push(await readFile(join(folder, `${index}.mp4`)));
      }
      for (const ref of [job, job.id, name, event]) {
        expect(await app.jobs.outputVideo(ref)).toEqual({ mimeType: 'video/mp4', uri });
      }

      expect(films[0]!.subarray(4, 8).toString()).toBe('ftyp');
      expect(films.every((film) => film.equals(films[0]!))).toBe(true);
    });
  });

  describe('a film that Gemini returns inline and does not announce', () => {
    useApp({ videoEvent: 'none', videoResult: 'data', videoBytes: 300_000 }, SOON);

    it('can be read and downloaded as a stream, and extended', async () => {
      const { job, name, event } = await made();
      expect(event.data).toEqual({ id: name });

      for (const ref of [job, job.id, name, event]) {
        const video = await app.jobs.outputVideo(ref, { temporaryFolder: folder });
        expect(video).toMatchObject({ mimeType: 'video/mp4', sizeBytes: 300_000 });
        const film = await buffer(Readable.from(video.stream!()));
        await app.jobs.downloadVideo(ref, join(folder, 'film.mp4'));
        expect(film.subarray(4, 8).toString()).toBe('ftyp');
        expect(film.equals(await readFile(join(folder, 'film.mp4')))).toBe(true);
      }
      expect((await app.jobs.extendVideo(event, { prompt: 'A storm comes.' }, app.route)).kind).toBe('video');
    });
  });
});

describe('a refusal by Gemini', () => {
  let gemini: Awaited<ReturnType<typeof startGemini>>;
  let app: JobsApp;

  beforeAll(async () => {
    gemini = await startGemini();
    app = await startJobsApp(gemini, INBOXES[0]!.make());
  });
  afterAll(async () => {
    await closeApps();
    await closeSimulators();
  });

  it.each([
    ['a blocked prompt', { input: 'a cat [blocked]' }, /blocked/],
    ['a duration that is too long', { input: 'a cat', response_format: { duration: '11s' } }, /duration/],
    ['a removed model', { model: 'gemini-omni-0.9-flash', input: 'a cat' }, /not found/],
    ['a model that makes no videos', { model: TEXT_MODEL, input: 'a cat' }, /response_format/],
    ['an unknown aspect ratio', { input: 'a cat', response_format: { aspect_ratio: '1:1' as '16:9' } }, /aspect_ratio/],
    [
      'an extension of nothing',
      { input: 'a cat', generation_config: { video_config: { task: 'extend' } } },
      /'extend' needs a video/,
    ],
  ])('at the start is thrown as by the SDK and leaves no job: %s', async (_what, params, message) => {
    const before = gemini.countOf(STARTS);

    const error: unknown = await app.jobs.createVideo(params, app.route).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ message: expect.stringMatching(message) });
    expect(400 <= Number((error as { status?: unknown }).status)).toBe(true);
    expect([gemini.countOf(STARTS) - before, app.heard]).toEqual([1, []]);
  });

  it('of a film over 40 s is thrown, and the film so far remains', async () => {
    let film = await app.jobs.createVideo({ input: 'a cat', response_format: { duration: '10s' } }, app.route);
    const longer = () =>
      app.jobs.extendVideo(film, { prompt: 'It rains.', response_format: { duration: '10s' } }, app.route);
    for (let seconds = 10; seconds < 40; seconds += 10) {
      gemini.finish(film.name!);
      film = await longer();
    }
    gemini.finish(film.name!);

    await expect(longer()).rejects.toMatchObject({ status: 400, message: expect.stringMatching(/40s/) });
    expect(await app.jobs.outputVideo(film)).toMatchObject({ uri: expect.any(String) });
  });
});

describe('bad input', () => {
  let gemini: Awaited<ReturnType<typeof startGemini>>;
  let jobs: GeminiJobs;

  beforeAll(async () => {
    gemini = await startGemini();
    ({ jobs } = await startJobsApp(gemini, INBOXES[0]!.make()));
  });
  afterAll(async () => {
    await closeApps();
    await closeSimulators();
  });

  const bad = (value: unknown) => value as never;
  const ROUTE = { uri: 'https://example.com/gemini' };
  const CLIP = 'v1_a-clip-of-another-process';

  it.each([
    ['createVideo', [undefined], /input/],
    ['createVideo', [null], /input/],
    ['createVideo', [{}, ROUTE], /input/],
    ['createVideo', [{ input: null }, ROUTE], /input/],
    ['createVideo', [{ input: '' }, ROUTE], /input/],
    ['createVideo', [{ input: '   ' }, ROUTE], /input/],
    ['createVideo', [{ input: 7 }, ROUTE], /input/],
    ['createVideo', [{ input: [] }, ROUTE], /input/],
    ['createVideo', [{ input: 'a', model: '' }, ROUTE], /model/],
    ['createVideo', [{ input: 'a', model: 7 }, ROUTE], /model/],
    ['createVideo', [{ input: 'a', agent: 'deep-research-preview-04-2026' }, ROUTE], /agent/],
    ['createVideo', [{ input: 'a', response_format: null }, ROUTE], /response_format/],
    ['createVideo', [{ input: 'a', response_format: 'video' }, ROUTE], /response_format/],
    ['createVideo', [{ input: 'a', response_format: [{ type: 'video' }] }, ROUTE], /response_format/],
    ['createVideo', [{ input: 'a', response_format: { type: 'audio' } }, ROUTE], /response_format\.type/],
    ['createVideo', [{ input: 'a', response_format: { duration: 8 } }, ROUTE], /response_format\.duration.*'8s'/],
    ['createVideo', [{ input: 'a', response_format: { duration: '8' } }, ROUTE], /response_format\.duration/],
    ['createVideo', [{ input: 'a', background: false }, ROUTE], /background/],
    ['createVideo', [{ input: 'a', stream: true }, ROUTE], /stream/],
    ['createVideo', [{ input: 'a', store: false }, ROUTE], /store/],
    ['createVideo', [{ input: 'a' }, { uri: 'ftp://example.com' }], /uri/],
    ['createVideo', [{ input: 'a' }, { ...ROUTE, idempotencyKey: '' }], /idempotencyKey/],
    ['createInteraction', [undefined, ROUTE], /parameters/],
    ['createEmbeddingBatch', [undefined], /createEmbeddingBatch.*(parameters|model)/],
    ['createEmbeddingBatch', [{}], /model/],
    ['createEmbeddingBatch', [{ model: 'gemini-embedding-001' }], /src/],
    ['extendVideo', [undefined, { prompt: 'a' }], /reference/],
    ['extendVideo', [CLIP, undefined], /prompt/],
    ['extendVideo', [CLIP, {}], /prompt/],
    ['extendVideo', [CLIP, { prompt: ' ' }], /prompt/],
    ['extendVideo', [CLIP, { prompt: ['a'] }], /prompt/],
    ['extendVideo', [CLIP, { prompt: 'a', response_format: { duration: 8 } }], /response_format\.duration/],
    ['extendVideo', [CLIP, { prompt: 'a', response_format: null }], /response_format/],
    ['extendVideo', [CLIP, { prompt: 'a', stream: true }], /stream/],
    ['extendVideo', [CLIP, { prompt: 'a' }, { timeoutMs: -1 }], /timeoutMs/],
    ['extendVideo', [CLIP, { prompt: 'a' }, { timeoutMs: Number.NaN }], /timeoutMs/],
    ['extendVideo', ['batches/1', { prompt: 'a' }], /batch/],
    ['outputVideo', [undefined], /reference/],
    ['outputVideo', [''], /name of the job/],
    ['outputVideo', ['batches/1'], /batch/],
    ['outputVideo', [CLIP, { timeoutMs: 'soon' }], /timeoutMs/],
    ['downloadVideo', [undefined, 'film.mp4'], /reference/],
    ['downloadVideo', [CLIP, undefined], /destination/],
    ['downloadVideo', [CLIP, ''], /destination/],
    ['downloadVideo', [CLIP, 7], /destination/],
    ['downloadVideo', ['gs://bucket/film.mp4', 'film.mp4'], /Cloud Storage/],
    ['downloadVideo', ['ftp://example.com/film.mp4', 'film.mp4'], /https/],
    ['downloadVideo', ['batches/1', 'film.mp4'], /batch/],
  ] as const)(
    'to %s(%j) throws an error that names the parameter, before any request',
    async (method, args, message) => {
      const before = gemini.requests.length;
      const call = jobs[method].bind(jobs) as (...given: unknown[]) => Promise<unknown>;

      const error: unknown = await call(...args.map(bad)).catch((thrown: unknown) => thrown);

      expect(error).toMatchObject({ name: 'GeminiWebhooksError', code: 'invalid_argument' });
      expect((error as Error).message).toMatch(message);
      expect(gemini.requests.slice(before)).toEqual([]);
    },
  );
});

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { GoogleGenAI } from '@google/genai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  outputUri,
  type BatchInputRequest,
  type BatchResult,
  type GeminiEventOf,
  type GeminiJobs,
} from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import { removeTestQueues } from '../support/durable.js';
import { closeSimulators, INBOXES, POLL_OF, startGemini, startJobsApp } from '../support/jobs.js';

jest.setTimeout(30_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
  await closeSimulators();
});

describe.each(INBOXES)('on $inbox', ({ make }) => {
  const started = async () => {
    const gemini = await startGemini();
    return { gemini, ...(await startJobsApp(gemini, make())) };
  };

  async function* prompts(count: number): AsyncGenerator<BatchInputRequest> {
    for (let number = 1; number <= count; number += 1) {
      yield { key: `line-${number}`, request: { contents: [{ parts: [{ text: `say ${number}` }] }] } };
    }
  }

  const collected = async (results: AsyncIterable<BatchResult>) => {
    const all: BatchResult[] = [];
    for await (const result of results) all.push(result);
    return all;
  };

  it('a batch is uploaded from an async iterable, and its output is read as one', async () => {
    const { gemini, jobs, route } = await started();
    const file = await jobs.batchInput(prompts(200));
    const job = await jobs.createBatch({ model: 'gemini-3.8-flash', src: file.name! }, route);

    gemini.finish(job.name!);
    const event = await job.completed();

    expect(outputUri(event)).toMatch(/^files\//);
    for (const ref of [event, job, job.id, job.name!]) {
      const results = await collected(jobs.batchResults(ref));
      expect(results.map(({ key }) => key)).toEqual(Array.from({ length: 200 }, (_, index) => `line-${index + 1}`));
      expect(results.every(({ response }) => typeof response?.text === 'string')).toBe(true);
    }
    expect(gemini.countOf(POLL_OF.batch)).toBe(3);
  });

  it('inline results are read with the index of each request', async () => {
    const { gemini, jobs, start } = await started();
    const job = await start('batch');

    gemini.finish(job.name!);
    const event = await job.completed();

    expect(await collected(jobs.batchResults(event))).toMatchObject([{ index: 0, response: {} }]);
  });

  it('a long video is a chain of clips that extend each other, and is downloaded at the end', async () => {
    const { gemini, jobs, route, start } = await started();
    let job = await start('video');

    for (const prompt of ['a storm comes', 'a storm goes']) {
      gemini.finish(job.name!);
      const event = await job.completed();
      job = await jobs.extendVideo(event, { prompt }, route);
    }
    gemini.finish(job.name!);

    const folder = await mkdtemp(join(tmpdir(), 'jobs-workflows-'));
    try {
      const path = join(folder, 'film.mp4');
      const seen: number[] = [];
      await jobs.downloadVideo(job, path, { onProgress: ({ bytes }) => void seen.push(bytes) });
      const film = await readFile(path);
      expect(film.subarray(4, 8).toString()).toBe('ftyp');
      expect(seen.at(-1)).toBe(film.length);
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(gemini.countOf('interactions.create')).toBe(3);
    expect(gemini.countOf(POLL_OF.video)).toBe(0);
  });

  it('an interaction pauses for a tool, and the result continues it as another interaction', async () => {
    const { gemini, jobs, route } = await started();
    const tools = [{ type: 'function' as const, name: 'approve_budget', description: 'asks a person' }];
    const model = 'gemini-3.8-flash';
    const first = await jobs.createInteraction({ model, input: 'spend 7 euros', tools }, route);

    gemini.finish(first.name!, 'requires_action');
    const pause = await first.completed().catch((error: unknown) => error);
    expect(pause).toMatchObject({ code: 'requires_action', event: { type: 'interaction.requires_action' } });

    const { steps } = await new GoogleGenAI(gemini.clientOptions).interactions.get(first.name!, null);
    const call = steps.find((step) => step.type === 'function_call')!;
    const second = await jobs.createInteraction(
      {
        model,
        tools,
        previous_interaction_id: first.name!,
        input: [{ type: 'function_result', call_id: call.id, name: 'approve_budget', result: { approved: true } }],
      },
      route,
    );
    gemini.finish(second.name!, 'succeeded');

    expect(await second.completed()).toMatchObject({ type: 'interaction.completed' });
    // With tools, a completion is confirmed by a poll, because Gemini may announce a pause as one.
    expect(gemini.countOf(POLL_OF.interaction, second.name)).toBe(1);
  });

  it('refuses to extend or download a job without a video', async () => {
    const { gemini, jobs, start } = await started();
    const job = await start('batch');
    gemini.finish(job.name!);
    const event = (await job.completed()) as GeminiEventOf<'batch.succeeded'>;

    await expect(jobs.extendVideo(event, { prompt: 'more' })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(jobs.downloadVideo(event, 'nowhere.mp4')).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it.each(['files/abc', 'https://example.com/film.mp4', 'no name', '..'])(
    'refuses to extend %j, which names no job, without waiting for one',
    async (ref) => {
      const { gemini, jobs } = await started();

      await expect(jobs.extendVideo(ref, { prompt: 'more' })).rejects.toMatchObject({
        code: 'invalid_argument',
        message: expect.stringContaining('for the id of an interaction'),
      });
      expect(gemini.requests).toEqual([]);
    },
  );

  it.each<[string, RegExp, (jobs: GeminiJobs) => Promise<unknown>]>([
    ['an input of spaces', /createVideo: input is missing/, (jobs) => jobs.createVideo({ input: '  ' })],
    ['an input of null', /createVideo: input is missing/, (jobs) => jobs.createVideo({ input: null as never })],
    [
      'a response_format of null',
      /createVideo: response_format is not an object/,
      (jobs) => jobs.createVideo({ input: 'sea', response_format: null as never }),
    ],
    ['no parameters of a batch', /createBatch: model is missing/, (jobs) => jobs.createBatch(undefined as never)],
    [
      'no source of embeddings',
      /createEmbeddingBatch: src is missing/,
      (jobs) => jobs.createEmbeddingBatch({ model: 'gemini-embedding-001' } as never),
    ],
    [
      'metadata that is no JSON',
      /user metadata/,
      (jobs) => jobs.createVideo({ input: 'sea', webhook_config: { user_metadata: { order: 7n } } }),
    ],
    [
      'a time that no timer takes',
      /completed: timeoutMs: got Infinity/,
      (jobs) => jobs.waitFor('v1_elsewhere', { timeoutMs: Infinity }),
    ],
  ])('refuses %s without starting anything', async (_what, message, act) => {
    const { gemini, jobs } = await started();

    await expect(act(jobs)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
    expect(gemini.requests.filter(({ operation }) => operation?.includes('create'))).toEqual([]);
  });

  it('starts no extension of an interaction that completed with only text', async () => {
    const { gemini, jobs, start } = await started();
    const job = await start('interaction');
    gemini.finish(job.name!);
    await job.completed();

    await expect(jobs.extendVideo(job, { prompt: 'more' })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('completed without one'),
    });
    expect(gemini.countOf('interactions.create')).toBe(1);
  });
});

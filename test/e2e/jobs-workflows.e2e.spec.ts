import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { GoogleGenAI } from '@google/genai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputUri, type BatchInputRequest, type BatchResult, type GeminiEventOf } from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import { removeTestQueues } from '../support/durable.js';
import { closeSimulators, INBOXES, LOOKUP_OF, startGemini, startJobsApp } from '../support/jobs.js';

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

  it('a batch goes from an async iterable to a file, and back from its output to one', async () => {
    const { gemini, jobs, route } = await started();
    const file = await jobs.batchInput(prompts(200));
    const job = await jobs.createBatch({ model: 'gemini-3-flash', src: file.name! }, route);

    gemini.finish(job.name!);
    const event = await job.completed();

    expect(outputUri(event)).toMatch(/^files\//);
    for (const ref of [event, job, job.id, job.name!]) {
      const results = await collected(jobs.batchResults(ref));
      expect(results.map(({ key }) => key)).toEqual(Array.from({ length: 200 }, (_, index) => `line-${index + 1}`));
      expect(results.every(({ response }) => typeof response?.text === 'string')).toBe(true);
    }
    expect(gemini.countOf(LOOKUP_OF.batch)).toBe(3);
  });

  it('results that come back inline are read in the order of the requests', async () => {
    const { gemini, jobs, start } = await started();
    const job = await start('batch');

    gemini.finish(job.name!);
    const event = await job.completed();

    expect(await collected(jobs.batchResults(event))).toMatchObject([{ index: 0, response: {} }]);
  });

  it('a long video is a chain of which each clip extends the last, and is downloaded at the end', async () => {
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
    expect(gemini.countOf('models.generateVideos')).toBe(3);
    expect(gemini.countOf(LOOKUP_OF.video)).toBe(0);
  });

  it('an interaction pauses for a tool, and its answer goes on as another', async () => {
    const { gemini, jobs, route } = await started();
    const tools = [{ type: 'function' as const, name: 'approve_budget', description: 'asks a person' }];
    const model = 'gemini-3-flash';
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
    // With tools, a completion is looked at: a pause may be announced as one.
    expect(gemini.countOf(LOOKUP_OF.interaction, second.name)).toBe(1);
  });

  it('refuses to extend or download what is no video', async () => {
    const { gemini, jobs, start } = await started();
    const job = await start('batch');
    gemini.finish(job.name!);
    const event = (await job.completed()) as GeminiEventOf<'batch.succeeded'>;

    await expect(jobs.extendVideo(event, { prompt: 'more' })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(jobs.downloadVideo(event, 'nowhere.mp4')).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GoogleGenAI } from '@google/genai';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchInput } from '../../lib/jobs/transfer/batch-input.js';
import type { BatchInputRequest } from '../../lib/jobs/transfer/batch-input-lines.js';
import { batchResults, type BatchResult } from '../../lib/jobs/transfer/batch-results.js';
import { downloadVideo } from '../../lib/jobs/transfer/video-download.js';
import { closeSimulated, simulatedGemini } from '../support/simulated-gemini.js';
import { finished } from '../support/simulated-videos.js';

const MODEL = 'gemini-3.8-flash';
const RETRY_AT_ONCE = { retryDelayMs: 0 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'results-'));
});
afterEach(async () => {
  await closeSimulated();
  await rm(folder, { recursive: true });
});

function asking(key: string, text: string): BatchInputRequest {
  return { key, request: { contents: [{ role: 'user', parts: [{ text }] }] } };
}

async function collected(results: AsyncIterable<BatchResult>): Promise<BatchResult[]> {
  const all: BatchResult[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe('a batch, from its requests to its results', () => {
  it.each([{}, { ignoreRange: true }])('is read through files whose download is interrupted: %j', async (how) => {
    const { gemini, ai } = await simulatedGemini();
    const requests = async function* () {
      for (let index = 0; index < 2000; index += 1)
        yield asking(`k-${index}`, index === 7 ? '[fail]' : `naïve ${index}`);
    };
    const input = await batchInput(ai, requests(), { displayName: 'numbers', temporaryFolder: folder });
    const { name = '' } = await ai.batches.create({ model: MODEL, src: { fileName: input.name! } });
    await gemini.advance(2000);

    gemini.files.cutDownloadsAfter(100_001, { times: 1, ...how });
    const results = await collected(batchResults(ai, name, RETRY_AT_ONCE));

    expect(results.map(({ key, index }) => [key, index])).toEqual(
      Array.from({ length: 2000 }, (_, index) => [`k-${index}`, index]),
    );
    expect(results[0]?.response?.text).toBe('Simulated answer to: naïve 0');
    expect(results[1999]?.response?.text).toBe('Simulated answer to: naïve 1999');
    expect(results.filter(({ error }) => error)).toEqual([
      { key: 'k-7', index: 7, error: { code: 13, message: expect.any(String) } },
    ]);
    expect(gemini.countOf('files.download')).toBe(2);
    expect(await readdir(folder)).toEqual([]);
  });

  it('yields inline results as SDK objects', async () => {
    const { gemini, ai } = await simulatedGemini();
    const src = ['one', 'two [fail]'].map((text) => ({ contents: [{ parts: [{ text }] }], metadata: { key: text } }));
    const job = await ai.batches.create({ model: MODEL, src });

    await expect(collected(batchResults(ai, job))).rejects.toMatchObject({ code: 'invalid_argument' });
    await gemini.advance(2000);
    const [first, second] = await collected(batchResults(ai, job));

    expect([first?.key, first?.response?.text]).toEqual(['one', 'Simulated answer to: one']);
    expect([second?.key, second?.error?.code]).toEqual(['two [fail]', 13]);
  });
});

describe('a video', () => {
  it('is downloaded by the URI in its interaction with the API key, even if the download is interrupted', async () => {
    const simulated = await simulatedGemini();
    const { gemini, ai } = simulated;
    const { output_video: video } = await finished(simulated, {});
    const uri = video?.uri ?? '';

    await downloadVideo(ai, uri, join(folder, 'whole.mp4'));
    gemini.files.cutDownloadsAfter(100, { times: 2 });
    await downloadVideo(ai, uri, join(folder, 'cut.mp4'), RETRY_AT_ONCE);

    const whole = await readFile(join(folder, 'whole.mp4'));
    expect(whole.length).toBeGreaterThan(200);
    expect(whole.equals(await readFile(join(folder, 'cut.mp4')))).toBe(true);
    const stranger = new GoogleGenAI({ apiKey: 'another', httpOptions: { baseUrl: gemini.baseUrl } });
    await expect(downloadVideo(stranger, uri, join(folder, 'none.mp4'))).rejects.toMatchObject({ name: 'ApiError' });
    expect((await readdir(folder)).toSorted()).toEqual(['cut.mp4', 'whole.mp4']);
  });
});

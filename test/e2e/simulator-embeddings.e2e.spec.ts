import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JobState, type GoogleGenAI } from '@google/genai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeSimulated, simulatedGemini } from '../support/simulated-gemini.js';

const MODEL = 'gemini-embedding-001';

// The SDK warns at each call that embeddings are experimental.
beforeEach(() => void jest.spyOn(console, 'warn').mockImplementation(() => {}));
afterEach(async () => {
  jest.restoreAllMocks();
  await closeSimulated();
});

describe('a simulated batch of embeddings', () => {
  it('answers each inline request with an embedding of the requested size', async () => {
    const { gemini, ai } = await simulatedGemini();
    const contents = ['one', 'two', 'one', '[fail]'];
    const src = { inlinedRequests: { contents, config: { outputDimensionality: 4 } } };

    const started = await ai.batches.createEmbeddings({ model: MODEL, src, config: { displayName: 'texts' } });
    await gemini.advance(2000);
    const done = await ai.batches.get({ name: started.name ?? '' });

    expect(started.state).toBe(JobState.JOB_STATE_PENDING);
    expect(done).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, displayName: 'texts', model: `models/${MODEL}` });
    expect(done.dest?.inlinedResponses).toBeUndefined();
    const answers = done.dest?.inlinedEmbedContentResponses ?? [];
    const values = answers.map(({ response }) => response?.embedding?.values);
    expect(values.map((one) => one?.length)).toEqual([4, 4, 4, undefined]);
    expect(values[2]).toEqual(values[0]);
    expect(values[1]).not.toEqual(values[0]);
    expect(answers[0]?.response?.tokenCount).toBe('1');
    expect(answers[3]?.error).toMatchObject({ code: 13 });
  });

  it('answers a file line by line, including keys, full embeddings and invalid lines', async () => {
    const { gemini, ai } = await simulatedGemini();
    const lines = [
      { key: 'a', request: { content: { parts: [{ text: 'one' }] } } },
      { key: 'b', request: { content: { parts: [{ text: 'one' }] }, output_dimensionality: 2 } },
      { key: 'c', request: { content: { parts: [{ text: 'one' }] }, output_dimensionality: 5000 } },
      { key: 'd', request: {} },
    ];
    const fileName = await uploaded(ai, lines);

    const { name = '' } = await ai.batches.createEmbeddings({ model: MODEL, src: { fileName } });
    await gemini.advance(2000);
    const { dest } = await ai.batches.get({ name });

    const answers = await downloadedLines(ai, dest?.fileName);
    expect(answers.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd']);
    expect(answers.map(({ response }) => response?.embedding.values.length)).toEqual([3072, 2, undefined, undefined]);
    expect(answers.map(({ error }) => error?.code)).toEqual([undefined, undefined, 3, 3]);
  });

  it('counts as its own operation, and is refused for models without embeddings', async () => {
    const { gemini, ai } = await simulatedGemini();
    const create = (model: string) =>
      ai.batches.createEmbeddings({ model, src: { inlinedRequests: { contents: ['one'] } } });

    await create('gemini-embedding-2');
    await expect(create('gemini-3.8-flash')).rejects.toMatchObject({ status: 404 });
    await expect(create('text-embedding-unheard-of')).rejects.toMatchObject({ status: 404 });

    expect(gemini.countOf('batches.createEmbeddings')).toBe(3);
  });
});

async function uploaded(ai: GoogleGenAI, lines: readonly object[]): Promise<string> {
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  const { name = '' } = await ai.files.upload({ file: new Blob([text]), config: { mimeType: 'application/jsonl' } });
  return name;
}

interface EmbeddedLine {
  readonly key?: string;
  readonly response?: { readonly embedding: { readonly values: readonly number[] } };
  readonly error?: { readonly code: number };
}

async function downloadedLines(ai: GoogleGenAI, file = ''): Promise<readonly EmbeddedLine[]> {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-embeddings-'));
  try {
    await ai.files.download({ file, downloadPath: join(folder, 'output') });
    const text = await readFile(join(folder, 'output'), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as EmbeddedLine);
  } finally {
    await rm(folder, { recursive: true });
  }
}

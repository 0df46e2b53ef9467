import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GenerateContentResponse, JobState, type BatchJob } from '@google/genai';
import * as fc from 'fast-check';
import { batchResults, type BatchResult } from '../../../lib/jobs/batch-results.js';
import { FileServer, type FileBehaviour } from '../../support/file-server.js';
import { until } from '../../support/until.js';

const RETRY_AT_ONCE = { retryDelayMs: 0 };

let server: FileServer;
beforeAll(async () => {
  server = await FileServer.start();
});
afterAll(() => server.close());

const answering = (text: string) => ({ candidates: [{ content: { role: 'model', parts: [{ text }] } }] });

function batchOf(fileName: string): BatchJob {
  return { name: 'batches/b', state: JobState.JOB_STATE_SUCCEEDED, dest: { fileName } };
}

async function collected(results: AsyncIterable<BatchResult>): Promise<BatchResult[]> {
  const all: BatchResult[] = [];
  for await (const result of results) all.push(result);
  return all;
}

/** The results of an output file, served so. */
function resultsOf(file: string | Buffer, behaviour?: FileBehaviour): Promise<BatchResult[]> {
  return collected(batchResults(server.client(), batchOf(server.serve(file, behaviour)), RETRY_AT_ONCE));
}

/** The results of a batch that the API describes so, one answer after the other. */
function resultsOfBatch(batch: BatchJob | string, ...answers: object[]): Promise<BatchResult[]> {
  const ai = server.client();
  let asked = 0;
  ai.batches.get = async ({ name }) => ({ name, ...answers[Math.min(asked++, answers.length - 1)] });
  return collected(batchResults(ai, batch, RETRY_AT_ONCE));
}

describe('batchResults of a file', () => {
  it('gives responses with their key and the getters of the SDK', async () => {
    const cited = { candidates: [{ citationMetadata: { citationSources: [{ uri: 'https://example.com' }] } }] };
    const lines = [{ key: 'a', response: answering('Grüße') }, { response: cited }].map((line) => JSON.stringify(line));

    const [first, second] = await resultsOf(lines.join('\n'));

    expect(first).toMatchObject({ key: 'a', index: 0 });
    expect(first?.response).toBeInstanceOf(GenerateContentResponse);
    expect(first?.response?.text).toBe('Grüße');
    expect(second).toMatchObject({ index: 1 });
    expect(second).not.toHaveProperty('key');
    expect(second?.response?.candidates?.[0]?.citationMetadata).toEqual({
      citations: [{ uri: 'https://example.com' }],
    });
  });

  it('gives failed requests as values, under both names that Google has for them', async () => {
    const status = { code: 8, message: 'Quota.', details: [{ reason: 'RATE' }] };
    const lines = [
      { key: 'a', error: status },
      { key: 'b', status: { code: 3 } },
    ].map((line) => JSON.stringify(line));

    expect(await resultsOf(lines.join('\n'))).toEqual([
      { key: 'a', index: 0, error: status },
      { key: 'b', index: 1, error: { code: 3, message: 'Gemini gave no reason.' } },
    ]);
  });

  it('reports lines that cannot be read with their number, and reads the rest', async () => {
    const good = JSON.stringify({ key: 'z', response: answering('ok') });
    const bad = ['{"key":', '[1]', 'null', '', '{"key":"a"}', '{"__proto__":{"response":{}}}'];

    const results = await resultsOf([...bad, good].join('\n'));

    expect(results.slice(0, -1)).toEqual([
      { index: 0, error: { line: 1, message: 'Line 1 of the output is not JSON.' } },
      { index: 1, error: { line: 2, message: 'Line 2 of the output has neither a response nor an error.' } },
      { index: 2, error: { line: 3, message: 'Line 3 of the output is not an object.' } },
      { index: 3, error: { line: 5, message: 'Line 5 of the output has neither a response nor an error.' } },
      { index: 4, error: { line: 6, message: 'Line 6 of the output has neither a response nor an error.' } },
    ]);
    expect(results.at(-1)).toMatchObject({ key: 'z', index: 5 });
  });

  it('makes one result of every line, whatever JSON it is', async () => {
    const anyLine = fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc.json({ maxDepth: 3 }).map((json) => `{"response":${json}}`),
      fc.json({ maxDepth: 2 }).map((json) => `{"response":{"candidates":${json}}}`),
      fc.json({ maxDepth: 2 }).map((json) => `{"error":${json}}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine, { minLength: 1 }), async (lines) => {
        const results = await resultsOf(lines.join('\n'));
        expect(results.map(({ index }) => index)).toEqual(lines.map((_, index) => index));
        for (const { response, error } of results) expect(typeof (response ?? error)).toBe('object');
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('neither repeats nor drops a line when the download is cut, at any byte', async () => {
    const lines = Array.from({ length: 4 }, (_, index) => ({ key: `ключ-${index}`, response: answering('naïve 🙂') }));
    const file = Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'));

    const expected = lines.map(({ key, response }, index) => ({ key, index, response }));
    for (let cut = 0; cut <= file.length; cut += 1) {
      const results = await resultsOf(file, { cuts: [cut], ignoresRange: cut % 2 === 0, isChunked: cut % 3 === 0 });
      expect(JSON.parse(JSON.stringify(results))).toEqual(expected);
    }
  }, 60_000);

  it('ends the download when the loop is left', async () => {
    let closed = false;
    const line = `${JSON.stringify({ response: answering('again') })}\n`;
    const file = server.serve('', {
      answer: (_, response) => {
        response.on('close', () => (closed = true));
        response.writeHead(200, { 'content-length': 1_000_000 }).write(line);
      },
    });

    for await (const { index } of batchResults(server.client(), batchOf(file))) {
      expect(index).toBe(0);
      break;
    }
    await until(() => closed);
  });

  it('fails when the file is not whole in the end', async () => {
    const cuts = [40, ...Array<number>(6).fill(0)];

    await expect(resultsOf('x'.repeat(80), { cuts })).rejects.toMatchObject({ code: 'transfer_failed' });
  });
});

describe('batchResults of a batch', () => {
  const inlinedResponses = [
    { response: answering('one'), metadata: { key: 'a' } },
    { error: { code: 3, message: 'Too long.' } },
    {},
  ];

  it('gives inline results in their order, with the key that the request had as metadata', async () => {
    const [first, ...failed] = await resultsOfBatch({ dest: { inlinedResponses } as BatchJob['dest'] & object });

    expect(first).toMatchObject({ key: 'a', index: 0 });
    expect(first?.response?.text).toBe('one');
    expect(failed).toEqual([
      { index: 1, error: { code: 3, message: 'Too long.' } },
      { index: 2, error: { message: 'Gemini gave no reason.' } },
    ]);
  });

  it.each(['batches/b', 'b', { name: 'batches/b', state: JobState.JOB_STATE_PENDING }])(
    'looks up a batch of which it has only the name: %j',
    async (batch) => {
      const fileName = server.serve('{"error":{"message":"no"}}');

      const results = await resultsOfBatch(batch, { dest: { fileName } });
      expect(results).toEqual([{ index: 0, error: { message: 'no' } }]);
    },
  );

  it('waits for an output that comes after the state', async () => {
    const state = JobState.JOB_STATE_SUCCEEDED;
    const dest = { fileName: server.serve('{"error":{"message":"no"}}') };

    expect(await resultsOfBatch('b', { state }, { state }, { state, dest })).toHaveLength(1);
    await expect(resultsOfBatch('b', { state })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: 'GeminiJobs: batch batches/b has no results: its state is JOB_STATE_SUCCEEDED.',
    });
  });

  it.each([
    [{ state: JobState.JOB_STATE_EXPIRED }, 'has no results: its state is JOB_STATE_EXPIRED'],
    [{ dest: { gcsUri: 'gs://bucket/out' } }, 'has its results as gs://bucket/out'],
    [{ dest: { inlinedEmbedContentResponses: [] } }, 'has its results as embeddings'],
  ])('says why there is nothing to read: %j', async (batch, message) => {
    await expect(resultsOfBatch('b', batch)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
    });
  });
});

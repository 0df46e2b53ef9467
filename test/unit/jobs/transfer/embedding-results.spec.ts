import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GoogleGenAI, type BatchJob } from '@google/genai';
import { embeddingResults, type EmbeddingResult } from '../../../../lib/jobs/transfer/embedding-results.js';
import { API_KEY, FileServer } from '../../../support/file-server.js';

let server: FileServer;
beforeAll(async () => {
  server = await FileServer.start();
});
afterAll(() => server.close());

async function collected(results: AsyncIterable<EmbeddingResult>): Promise<EmbeddingResult[]> {
  const all: EmbeddingResult[] = [];
  for await (const result of results) all.push(result);
  return all;
}

/** Returns the results of a batch whose `GET` response has this output. */
function resultsOfWire(output: object): Promise<EmbeddingResult[]> {
  const body = { name: 'batches/e', metadata: { state: 'BATCH_STATE_SUCCEEDED', output }, done: true };
  const answer: typeof fetch = async () => Response.json(body);
  const ai = new GoogleGenAI({ apiKey: API_KEY, httpOptions: { fetch: answer } });
  return collected(embeddingResults(ai, 'e', { retryDelayMs: 0 }));
}

const NO_REASON = { message: 'Gemini gave no reason.' };

describe('embeddingResults', () => {
  it('reads the embeddings in the batch itself', async () => {
    const inlinedResponses = [
      { response: { embedding: { values: [0.5, -1] }, tokenCount: '7' }, metadata: { key: 'a', n: '1' } },
      { error: { code: 3, message: 'Too long.' }, metadata: { key: 'b' } },
      { response: {} },
    ];
    const results = [
      { key: 'a', index: 0, metadata: { key: 'a', n: '1' }, embedding: { values: [0.5, -1] }, tokenCount: 7 },
      { key: 'b', index: 1, metadata: { key: 'b' }, error: { code: 3, message: 'Too long.' } },
      { index: 2, error: NO_REASON },
    ];

    expect(await resultsOfWire({ inlinedEmbedContentResponses: { inlinedResponses } })).toEqual(results);
    expect(await resultsOfWire({ inlinedResponses: { inlinedResponses: inlinedResponses.slice(1, 2) } })).toEqual([
      { ...results[1], index: 0 },
    ]);
  });

  it('reads the embeddings of an output file', async () => {
    const lines = [
      { key: 'a', response: { embedding: { values: [1, 2] } } },
      { id: 4, response: { embeddings: [{ values: [3] }] } },
      { key: 'c', error: { code: 8, message: 'Quota.' } },
      { key: 'd', response: { candidates: [] } },
      { key: 'e', response: { embedding: { values: 'AAAA' } } },
    ];
    const fileName = server.serve(`${lines.map((line) => JSON.stringify(line)).join('\n')}\nnonsense`);
    const missing = (line: number) => ({
      message: `Line ${line} of the output has neither an embedding nor an error.`,
      line,
    });

    const batch: BatchJob = { name: 'batches/e', dest: { fileName } };
    expect(await collected(embeddingResults(server.client(), batch))).toEqual([
      { key: 'a', index: 0, embedding: { values: [1, 2] } },
      { index: 1, fields: { id: 4 }, embedding: { values: [3] } },
      { key: 'c', index: 2, error: { code: 8, message: 'Quota.' } },
      { key: 'd', index: 3, error: missing(4) },
      { key: 'e', index: 4, error: missing(5) },
      { index: 5, error: { message: 'Line 6 of the output is not JSON.', line: 6 } },
    ]);
  });

  it('reports why there is nothing to read', async () => {
    await expect(resultsOfWire({})).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('neither a file nor inline responses'),
    });
  });
});

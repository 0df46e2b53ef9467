import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GenerateContentResponse, JobState, type BatchJob } from '@google/genai';
import * as fc from 'fast-check';
import { batchResults, type BatchResult } from '../../../../lib/jobs/transfer/batch-results.js';
import { FileServer, type FileBehaviour } from '../../../support/file-server.js';
import { until } from '../../../support/until.js';

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

/** Returns the results of an output file that is served with these options. */
function resultsOf(file: string | Buffer, behaviour?: FileBehaviour): Promise<BatchResult[]> {
  return collected(batchResults(server.client(), batchOf(server.serve(file, behaviour)), RETRY_AT_ONCE));
}

/** Returns the results of a batch for which the API sends these responses in order. */
function resultsOfBatch(batch: BatchJob | string, ...answers: object[]): Promise<BatchResult[]> {
  const ai = server.client();
  let asked = 0;
  ai.batches.get = async ({ name }) => ({ name, ...answers[Math.min(asked++, answers.length - 1)] });
  return collected(batchResults(ai, batch, RETRY_AT_ONCE));
}

describe('batchResults of a file', () => {
  it("yields responses with their key and the SDK's getters", async () => {
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

  it("yields failed requests as values, under both of Google's field names", async () => {
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

  it('reports lines that cannot be read by number, and reads the rest', async () => {
    const good = JSON.stringify({ key: 'z', response: answering('ok') });
    const bad = ['{"key":', '[1]', 'null', '', '{"key":"a"}', '{"__proto__":{"response":{}}}'];

    const results = await resultsOf([...bad, good].join('\n'));

    expect(results.slice(0, -1)).toEqual([
      { index: 0, error: { line: 1, message: 'Line 1 of the output is not JSON.' } },
      { index: 1, error: { line: 2, message: 'Line 2 of the output is not an object.' } },
      { index: 2, error: { line: 3, message: 'Line 3 of the output is not an object.' } },
      { key: 'a', index: 3, error: { line: 5, message: 'Line 5 of the output has neither a response nor an error.' } },
      {
        index: 4,
        fields: JSON.parse('{"__proto__":{"response":{}}}'),
        error: { line: 6, message: 'Line 6 of the output has neither a response nor an error.' },
      },
    ]);
    expect(results.at(-1)).toMatchObject({ key: 'z', index: 5 });
  });

  it('yields one result per line, whatever JSON it is', async () => {
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

  it('neither repeats nor drops a line if the download is cut at any byte', async () => {
    const lines = Array.from({ length: 4 }, (_, index) => ({ key: `ключ-${index}`, response: answering('naïve 🙂') }));
    const file = Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'));

    const expected = lines.map(({ key, response }, index) => ({ key, index, response }));
    for (let cut = 0; cut <= file.length; cut += 1) {
      const results = await resultsOf(file, { cuts: [cut], ignoresRange: cut % 2 === 0, isChunked: cut % 3 === 0 });
      expect(JSON.parse(JSON.stringify(results))).toEqual(expected);
    }
  }, 60_000);

  it('ends the download when the loop exits', async () => {
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

  it('rejects if the file is incomplete in the end', async () => {
    const cuts = [40, ...Array<number>(6).fill(0)];

    await expect(resultsOf('x'.repeat(80), { cuts })).rejects.toMatchObject({ code: 'transfer_failed' });
  });
});

describe('the content of a line', () => {
  const response = answering('ok');
  const resultOf = async (line: object) => JSON.parse(JSON.stringify(await resultsOf(JSON.stringify(line))))[0];
  const missing = { line: 1, message: 'Line 1 of the output has neither a response nor an error.' };

  it.each([
    [
      { id: 7, product_id: 'p', response },
      { index: 0, fields: { id: 7, product_id: 'p' }, response },
    ],
    [
      { custom_id: 'c', error: { code: 3, message: 'No.' } },
      { index: 0, fields: { custom_id: 'c' }, error: { code: 3, message: 'No.' } },
    ],
    [
      { metadata: { key: 'k', n: 1 }, response },
      { key: 'k', index: 0, metadata: { key: 'k', n: 1 }, response },
    ],
    [
      { key: 'own', metadata: { key: 'k' }, response },
      { key: 'own', index: 0, metadata: { key: 'k' }, response },
    ],
    [
      { key: 'a', response: null, error: null },
      { key: 'a', index: 0, error: missing },
    ],
    [
      { key: 'a', error: {} },
      { key: 'a', index: 0, error: missing },
    ],
    [
      { key: 7, response },
      { key: '7', index: 0, response },
    ],
    [
      { key: { a: 1 }, response },
      { index: 0, fields: { key: { a: 1 } }, response },
    ],
    [
      { key: null, metadata: 'm', response },
      { index: 0, fields: { key: null, metadata: 'm' }, response },
    ],
    [
      { key: 'a', response, status: { code: 0 } },
      { key: 'a', index: 0, response },
    ],
    [
      { key: 'a', response, status: { code: 0, message: 'OK' }, error: null },
      { key: 'a', index: 0, response },
    ],
    [
      { key: 'a', response, error: {} },
      { key: 'a', index: 0, response },
    ],
    [
      { key: 'a', response, status: 'done' },
      { key: 'a', index: 0, fields: { status: 'done' }, response },
    ],
    [
      { key: 'a', error: {}, status: { code: 8 } },
      { key: 'a', index: 0, error: { code: 8, message: 'Gemini gave no reason.' } },
    ],
    [
      { key: 'a', error: 'Too long.' },
      { key: 'a', index: 0, error: { message: 'Too long.' } },
    ],
  ])('is in the result of %j', async (line, result) => {
    expect(await resultOf(line)).toEqual(result);
  });

  it('is in the result of an invalid line, and an expired file is explained by its 48 hours', async () => {
    expect(await resultOf({ id: 1, key: 'a' })).toEqual({ key: 'a', index: 0, fields: { id: 1 }, error: missing });
    await expect(resultsOf('{}', { refusals: [403] })).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('48 hours'),
      cause: { message: '{"error":{"message":"not now"}}' },
    });
  });

  it('is not read from an HTML page', async () => {
    await expect(resultsOf('<html>', { contentType: 'text/html' })).rejects.toMatchObject({ code: 'transfer_failed' });
  });
});

describe('batchResults of a batch', () => {
  it('yields the metadata of inline requests unchanged', async () => {
    const entries = [
      { response: answering('one'), metadata: { request_id: 'r' } },
      { error: { code: 3, message: 'No.' }, metadata: { key: 'k' }, extra: true },
    ];

    expect(
      await resultsOfBatch({ dest: { inlinedResponses: entries } as unknown as BatchJob['dest'] & object }),
    ).toEqual([
      { index: 0, metadata: { request_id: 'r' }, response: expect.objectContaining(answering('one')) },
      { key: 'k', index: 1, metadata: { key: 'k' }, fields: { extra: true }, error: { code: 3, message: 'No.' } },
    ]);
  });

  it.each(['BATCH_STATE_PARTIALLY_SUCCEEDED', 'JOB_STATE_PARTIALLY_SUCCEEDED'])(
    'reads one that is %s',
    async (state) => {
      const dest = { fileName: server.serve('{"error":{"message":"no"}}') };

      expect(await resultsOfBatch('b', { state }, { state, dest })).toHaveLength(1);
    },
  );

  const inlinedResponses = [
    { response: answering('one'), metadata: { key: 'a' } },
    { error: { code: 3, message: 'Too long.' } },
    {},
  ];

  it('yields inline results in order, with the key from the metadata of the request', async () => {
    const [first, ...failed] = await resultsOfBatch({ dest: { inlinedResponses } as BatchJob['dest'] & object });

    expect(first).toMatchObject({ key: 'a', index: 0 });
    expect(first?.response?.text).toBe('one');
    expect(failed).toEqual([
      { index: 1, error: { code: 3, message: 'Too long.' } },
      { index: 2, error: { message: 'Gemini gave no reason.' } },
    ]);
  });

  it.each(['batches/b', 'b', { name: 'batches/b', state: JobState.JOB_STATE_PENDING }])(
    'fetches a batch that is given only by name: %j',
    async (batch) => {
      const fileName = server.serve('{"error":{"message":"no"}}');

      const results = await resultsOfBatch(batch, { dest: { fileName } });
      expect(results).toEqual([{ index: 0, error: { message: 'no' } }]);
    },
  );

  it('waits for an output that appears after the state', async () => {
    const state = JobState.JOB_STATE_SUCCEEDED;
    const dest = { fileName: server.serve('{"error":{"message":"no"}}') };

    expect(await resultsOfBatch('b', { state }, { state }, { state, dest })).toHaveLength(1);
    await expect(resultsOfBatch('b', { state })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(
        'batch batches/b has no results: its state is JOB_STATE_SUCCEEDED, but Gemini returns neither a file nor inline',
      ),
    });
  });

  it.each([
    [{ state: JobState.JOB_STATE_EXPIRED }, 'has no results: its state is JOB_STATE_EXPIRED'],
    [{ dest: { gcsUri: 'gs://bucket/out' } }, 'has its results as gs://bucket/out'],
    [
      { dest: { inlinedEmbedContentResponses: [{}] } },
      'results of the batch are embeddings. Read them with embeddingResults',
    ],
    [{ state: JobState.JOB_STATE_SUCCEEDED, dest: {} }, 'but Gemini returns neither a file nor inline responses'],
    [{ state: JobState.JOB_STATE_SUCCEEDED, dest: { inlinedResponses: [] } }, 'start such a batch from a file'],
  ])('reports why there is nothing to read: %j', async (batch, message) => {
    await expect(resultsOfBatch('b', batch)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { fileUrl } from '../../../../lib/jobs/transfer/file-url.js';
import { geminiHttp } from '../../../../lib/jobs/gemini-http.js';
import { ResumableDownload } from '../../../../lib/jobs/transfer/resumable-download.js';
import { FileServer, type FileBehaviour } from '../../../support/file-server.js';
import { until } from '../../../support/until.js';

const FILE = randomBytes(300);

let server: FileServer;
beforeAll(async () => {
  server = await FileServer.start();
});
afterAll(() => server.close());

function download(name: string, signal?: AbortSignal): ResumableDownload {
  const http = geminiHttp(server.client());
  return new ResumableDownload(http, fileUrl(http, name), { retryDelayMs: 0, signal });
}

/** Serves the file with these options, and downloads it. */
function downloaded(behaviour: FileBehaviour, file = FILE): Promise<Buffer> {
  return buffer(download(server.serve(file, behaviour)));
}

describe('ResumableDownload', () => {
  it('yields each byte once, wherever it is cut and however the server resumes', async () => {
    const behaviour = fc.record({
      cuts: fc.array(fc.nat({ max: FILE.length }), { maxLength: 5 }),
      refusals: fc.array(fc.constantFrom(0, 0, 503, 429), { maxLength: 4 }),
      pieceBytes: fc.integer({ min: 1, max: 200 }),
      etags: fc.constantFrom([], ['"one"']),
      ignoresRange: fc.boolean(),
      isChunked: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(behaviour, async (how) => {
        expect(await downloaded(how)).toEqual(FILE);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it('requests only the missing bytes, uncompressed', async () => {
    const name = server.serve(FILE, { cuts: [100, 50] });

    expect(await buffer(download(name))).toEqual(FILE);
    const asked = server.requestsFor(name).map(({ headers }) => headers);
    expect(asked.map(({ range }) => range)).toEqual([undefined, 'bytes=100-', 'bytes=150-']);
    for (const headers of asked) expect(headers['accept-encoding']).toMatch(/^identity(, identity)?$/);
  });

  it('completes if a body without a length is cut after its last byte', async () => {
    const name = server.serve(FILE, { cuts: [FILE.length], isChunked: true });

    expect(await buffer(download(name))).toEqual(FILE);
    expect(server.requestsFor(name)).toHaveLength(2);
  });

  it('continues after a response that ends cleanly but early', async () => {
    const part = (start: number, end: number) => ({ 'content-range': `bytes ${start}-${end - 1}/${FILE.length}` });
    const name = server.serve(FILE, {
      answer: ({ headers }, response) => {
        const start = Number(headers.range?.replace(/\D/g, '') ?? 0);
        const end = Math.min(start + 120, FILE.length);
        response.writeHead(206, part(start, end)).end(FILE.subarray(start, end));
      },
    });

    expect(await buffer(download(name))).toEqual(FILE);
    expect(server.requestsFor(name)).toHaveLength(3);
  });

  it('reads a compressed response, and restarts from the beginning after a cut', async () => {
    const [first, second] = [gzipSync(FILE.subarray(0, 100)), gzipSync(FILE.subarray(100))];
    let cut = () => {};
    const name = server.serve(FILE, {
      answer: (_, response) => {
        const isFirst = server.requestsFor(name).length === 1;
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': first.length + second.length });
        response.write(first);
        if (isFirst) cut = () => response.destroy();
        else response.end(second);
      },
    });

    const chunks: Uint8Array[] = [];
    for await (const chunk of download(name)) {
      chunks.push(chunk);
      cut();
    }
    expect(Buffer.concat(chunks)).toEqual(FILE);
    expect(server.requestsFor(name).map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
  });

  it.each<[string, FileBehaviour]>([
    ['another ETag', { cuts: [100], etags: ['"one"', '"two"'] }],
    ['another ETag, and the server ignores ranges', { cuts: [100], etags: ['"one"', '"two"'], ignoresRange: true }],
    ['another length', { cuts: [100], replacedBy: randomBytes(200) }],
    [
      'another length, and the server ignores ranges',
      { cuts: [100], replacedBy: randomBytes(200), ignoresRange: true },
    ],
    ['a length below the bytes already read', { cuts: [100], replacedBy: randomBytes(50) }],
  ])('fails if the file has changed in the meantime: %s', async (_, behaviour) => {
    const name = server.serve(FILE, behaviour);

    await expect(buffer(download(name))).rejects.toMatchObject({
      code: 'transfer_failed',
      message: expect.stringContaining('has changed while it was read'),
    });
    expect(server.requestsFor(name)).toHaveLength(2);
  });

  it('fails if the response is from another part of the file', async () => {
    const answers: FileBehaviour['answer'] = ({ headers }, response) => {
      if (headers.range) response.writeHead(206, { 'content-range': `bytes 150-299/300` }).end(FILE.subarray(150));
      else response.writeHead(200, { 'content-length': 300 }).write(FILE.subarray(0, 100), () => response.destroy());
    };

    await expect(downloaded({ answer: answers })).rejects.toMatchObject({
      code: 'transfer_failed',
      message: expect.stringContaining('was not resumed at the requested offset'),
    });
  });

  it('gives up after six attempts without progress, with the last error', async () => {
    const cut = server.serve(FILE, { cuts: [100, 0, 0, 0, 0, 0, 0, 0] });
    await expect(buffer(download(cut))).rejects.toMatchObject({
      code: 'transfer_failed',
      message: `GeminiJobs: ${server.origin}/v1/${cut}:download was cut after 100 bytes.`,
    });
    expect(server.requestsFor(cut)).toHaveLength(7);

    const busy = server.serve(FILE, { refusals: Array<number>(8).fill(503) });
    await expect(buffer(download(busy))).rejects.toMatchObject({ name: 'ApiError', status: 503 });
    expect(server.requestsFor(busy)).toHaveLength(6);
  });

  it('continues as long as every attempt makes progress', async () => {
    expect(await downloaded({ cuts: Array<number>(30).fill(1) })).toEqual(FILE);
  });

  it("throws the SDK's error for a permanent refusal without a retry", async () => {
    const name = server.serve(FILE, { refusals: [400, 400] });

    await expect(buffer(download(name))).rejects.toMatchObject({
      name: 'ApiError',
      status: 400,
      message: '{"error":{"message":"not now"}}',
    });
    expect(server.requestsFor(name)).toHaveLength(1);
  });

  it("rejects with the signal's reason while waiting and while reading", async () => {
    const reason = new Error('enough');
    const aborted = new AbortController();
    const reading = download(server.serve(FILE, { answer: (_, response) => response.write('a') }), aborted.signal);
    const read = (async () => {
      for await (const _ of reading) aborted.abort(reason);
    })();
    await expect(read).rejects.toBe(reason);

    const http = geminiHttp(server.client());
    const url = fileUrl(http, server.serve(FILE, { refusals: [503] }));
    const controller = new AbortController();
    const waiting = buffer(new ResumableDownload(http, url, { retryDelayMs: 60_000, signal: controller.signal }));
    void until(() => server.requests.some((one) => url.pathname === one.url?.split('?')[0])).then(() =>
      controller.abort(reason),
    );
    await expect(waiting).rejects.toBe(reason);
  });

  it('ends the connection when the loop exits', async () => {
    let closed = false;
    const name = server.serve(FILE, {
      answer: (_, response) => {
        response.on('close', () => (closed = true));
        response.writeHead(200, { 'content-length': 1_000_000 }).write(FILE);
      },
    });

    for await (const _ of download(name)) break;
    await until(() => closed);
  });

  it('reads no more of the body than is consumed', async () => {
    let taken = 0;
    const pull = (body: ReadableStreamDefaultController<Uint8Array>) => {
      taken += 1;
      body.enqueue(new Uint8Array(1000));
    };
    const http = { ...geminiHttp(server.client()), fetch: async () => new Response(new ReadableStream({ pull })) };

    let got = 0;
    for await (const _ of new ResumableDownload(http, fileUrl(http, 'files/endless'))) {
      got += 1;
      if (got === 100) break;
      expect(taken - got).toBeLessThanOrEqual(1);
    }
    expect(got).toBe(100);
  });
});

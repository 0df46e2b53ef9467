import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, json } from 'node:stream/consumers';
import { GoogleGenAI, type File } from '@google/genai';
import { batchInput, type BatchInputOptions } from '../../../../lib/jobs/transfer/batch-input.js';
import {
  batchInputLines,
  type BatchInputRequest,
  type BatchInputRequests,
} from '../../../../lib/jobs/transfer/batch-input-lines.js';
import { until } from '../../../support/until.js';

/** Requests to the Files API in the resumable protocol, as the SDK sends them. */
interface Asked {
  started?: unknown;
  type?: string;
  pieces: Buffer[];
  deleted: string[];
}

let asked: Asked;
let answerPiece: (piece: Buffer) => Promise<void> | void;
let answerFile: (response: ServerResponse) => void;
let server: Server;
let ai: GoogleGenAI;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batch-input-'));
  asked = { pieces: [], deleted: [] };
  answerPiece = () => undefined;
  answerFile = (response) => response.writeHead(403).end('{"error":{"code":403,"message":"no such file"}}');
  server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      answerFile(response);
    } else if (request.method === 'DELETE') {
      asked.deleted.push(request.url!);
      response.end('{}');
    } else if (request.headers['x-goog-upload-command'] === 'start') {
      asked.started = await json(request);
      asked.type = request.headers['x-goog-upload-header-content-type'] as string;
      response.setHeader('x-goog-upload-url', `http://${request.headers.host}/upload/piece`).end('{}');
    } else {
      const piece = await buffer(request);
      asked.pieces.push(piece);
      try {
        await answerPiece(piece);
      } catch (error) {
        if (!(error instanceof AnsweredError)) throw error;
        response.writeHead(error.status).end('{}');
        return;
      }
      const isLast = String(request.headers['x-goog-upload-command']).includes('finalize');
      response.setHeader('x-goog-upload-status', isLast ? 'final' : 'active');
      response.end(isLast ? '{"file":{"name":"files/input"}}' : '{}');
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Without a fetch, the SDK looks for undici's dispatcher in Jest's global object, which lacks it.
  ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl, fetch } });
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  // No call may leave a temporary file, whatever its outcome.
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

function upload(requests: BatchInputRequests, options?: BatchInputOptions): Promise<File> {
  return batchInput(ai, requests, { temporaryFolder: folder, ...options });
}

function requestOf(key: string, text = 'hello'): BatchInputRequest {
  return { key, request: { contents: [{ role: 'user', parts: [{ text }] }], generationConfig: { temperature: 0 } } };
}

function* requestsOf(count: number, text?: string): Generator<BatchInputRequest> {
  for (let index = 0; index < count; index += 1) yield requestOf(`k-${index}`, text);
}

describe('batchInput', () => {
  it('uploads one line per request in the format of the API', async () => {
    const requests = async function* () {
      yield requestOf('a', 'naïve 🙂');
      yield requestOf('b');
    };

    const file = await upload(requests(), { displayName: 'Tuesday' });

    expect(file.name).toBe('files/input');
    expect(asked).toMatchObject({ started: { file: { displayName: 'Tuesday', mimeType: 'jsonl' } }, type: 'jsonl' });
    const lines = Buffer.concat(asked.pieces).toString().split('\n');
    expect(lines.map((line) => line && JSON.parse(line))).toEqual([requestOf('a', 'naïve 🙂'), requestOf('b'), '']);
  });

  it('uploads data larger than one chunk completely and in order', async () => {
    await upload(requestsOf(12_000, 'x'.repeat(1000)));

    expect(asked.pieces.length).toBeGreaterThan(1);
    const lines = Buffer.concat(asked.pieces).toString().trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as BatchInputRequest).key)).toEqual(
      Array.from({ length: 12_000 }, (_, index) => `k-${index}`),
    );
  });

  it('uploads nothing when the requests fail', async () => {
    const thrown = new Error('no more');
    const requests = function* () {
      yield* requestsOf(1000);
      throw thrown;
    };

    await expect(upload(requests())).rejects.toBe(thrown);
    expect(asked.started).toBeUndefined();
  });

  it.each<[string, unknown[], string]>([
    ['no request', [], 'got no requests'],
    ['one without a key', [requestOf('a'), { request: requestOf('b').request }], 'request 1 has no key'],
    ['one without contents', [{ key: 'a', request: {} }], 'request 0 ("a") has no array of contents'],
    [
      'contents in a form that only the SDK accepts',
      [{ key: 'a', request: { contents: 'hello' } }],
      'array of contents',
    ],
    ['an SDK config', [{ key: 'a', request: { contents: [], config: {} } }], 'is called generationConfig'],
  ])('rejects %s before the upload', async (_, requests, message) => {
    await expect(upload(requests as BatchInputRequest[])).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
    });
    expect(asked.started).toBeUndefined();
  });

  it("rejects with the signal's reason while it waits for requests", async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const requests = async function* () {
      yield requestOf('a');
      controller.abort(reason);
      await new Promise(() => undefined);
    };

    await expect(upload(requests(), { signal: controller.signal })).rejects.toBe(reason);
    await expect(upload(requestsOf(1), { signal: controller.signal })).rejects.toBe(reason);
    expect(asked.started).toBeUndefined();
  });

  it('creates no file if the signal aborts between two chunks', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    answerPiece = async () => {
      controller.abort(reason);
      const [own] = await readdir(folder);
      await until(async () => (await stat(join(folder, own!, 'requests.jsonl'))).size === 0);
    };

    const uploading = upload(requestsOf(12_000, 'x'.repeat(1000)), { signal: controller.signal });

    await expect(uploading).rejects.toBe(reason);
    expect(asked.pieces).toHaveLength(1);
  });

  it('deletes the file if the signal aborts too late to stop the upload', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    answerPiece = () => controller.abort(reason);

    await expect(upload(requestsOf(1), { signal: controller.signal })).rejects.toBe(reason);
    expect(asked.deleted).toEqual(['/v1/files/input']);
  });

  it('reports if Gemini returns no file for the upload', async () => {
    ai.files.upload = async () => undefined as never;

    await expect(upload(requestsOf(1))).rejects.toMatchObject({ code: 'transfer_failed' });
  });
});

describe('batchInputLines', () => {
  it('reads requests only as fast as its chunks are read', async () => {
    let taken = 0;
    const requests = function* () {
      for (const request of requestsOf(10_000, 'x'.repeat(1000))) {
        taken += 1;
        yield request;
      }
    };

    const pieces = batchInputLines(requests(), Infinity);
    await pieces.next();
    expect(taken).toBeLessThan(100);
    await pieces.next();
    expect(taken).toBeLessThan(200);
    await pieces.return();
  });

  it('counts bytes and rejects one too many', async () => {
    const requests = [requestOf('a', 'é'.repeat(100)), requestOf('b')];
    const length = (await buffer(batchInputLines(requests, Infinity))).length;

    expect(await buffer(batchInputLines(requests, length))).toHaveLength(length);
    await expect(buffer(batchInputLines(requests, length - 1))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(`more than ${length - 1} bytes`),
    });
  });
});

describe('batchInput with a name', () => {
  const name = 'files/night-42';
  const exists = (response: ServerResponse) => void response.end(JSON.stringify({ name, displayName: 'the first' }));

  it('uploads under that name', async () => {
    await upload(requestsOf(1), { name });

    expect(asked.started).toMatchObject({ file: { name } });
    expect(asked.pieces).toHaveLength(1);
  });

  it('returns the file of that name without an upload if the project has it', async () => {
    answerFile = exists;

    expect(await upload(requestsOf(1), { name })).toMatchObject({ name, displayName: 'the first' });
    expect(asked).toEqual({ pieces: [], deleted: [] });
  });

  it('returns the file that another process uploaded in the meantime', async () => {
    answerPiece = () => {
      answerFile = exists;
      throw new AnsweredError(409);
    };

    expect(await upload(requestsOf(1), { name })).toMatchObject({ name, displayName: 'the first' });
  });

  it('rejects with the error of the upload if there is no such file', async () => {
    answerPiece = () => {
      throw new AnsweredError(400);
    };

    await expect(upload(requestsOf(1), { name })).rejects.toMatchObject({ status: 400 });
  });

  it('rejects if Gemini does not say whether there is such a file', async () => {
    answerFile = (response) => void response.writeHead(500).end('{}');

    await expect(upload(requestsOf(1), { name })).rejects.toMatchObject({ status: 500 });
    expect(asked.started).toBeUndefined();
  });
});

/** Error for a refused chunk of an upload. */
class AnsweredError extends Error {
  constructor(readonly status: number) {
    super();
  }
}

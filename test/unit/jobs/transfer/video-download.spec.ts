import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { GoogleGenAI } from '@google/genai';
import {
  downloadVideo,
  type DownloadProgress,
  type VideoDownloadOptions,
} from '../../../../lib/jobs/transfer/video-download.js';
import { API_KEY, FileServer } from '../../../support/file-server.js';
import { until } from '../../../support/until.js';
import { refusalOf } from '../../../support/verifying.js';

const VIDEO = randomBytes(300_000);

let api: FileServer;
let elsewhere: FileServer;
let folder: string;
let path: string;
beforeAll(async () => {
  [api, elsewhere] = await Promise.all([FileServer.start(), FileServer.start()]);
});
afterAll(() => Promise.all([api.close(), elsewhere.close()]));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'video-'));
  path = join(folder, 'video.mp4');
});
afterEach(() => rm(folder, { recursive: true }));

function download(video: string, options?: VideoDownloadOptions): Promise<void> {
  return downloadVideo(api.client(), video, path, { retryDelayMs: 0, ...options });
}

/** Serves a file of the API that redirects to this location. */
function redirecting(location: string, from = api): string {
  return from.serve('', { answer: (_, response) => response.writeHead(302, { location }).end() });
}

function uriOf(server: FileServer, name: string): string {
  return `${server.origin}/v1beta/${name}:download?alt=media&signature=secret`;
}

function keyOf({ headers }: IncomingMessage): string | string[] | undefined {
  return headers['x-goog-api-key'];
}

describe('downloadVideo', () => {
  it('writes the whole video to its path, and reports progress', async () => {
    const progress: DownloadProgress[] = [];

    await download(api.serve(VIDEO, { cuts: [100_000] }), { onProgress: (now) => progress.push(now) });

    expect(VIDEO.equals(await readFile(path))).toBe(true);
    expect(await readdir(folder)).toEqual(['video.mp4']);
    expect(progress.at(-1)).toEqual({ bytes: VIDEO.length, totalBytes: VIDEO.length });
    expect(progress.map(({ bytes }) => bytes)).toEqual(progress.map(({ bytes }) => bytes).toSorted((a, b) => a - b));
  });

  it.each([
    ['its name', (name: string) => name],
    ["its name's last part", (name: string) => name.slice('files/'.length)],
    ['its URI at the client’s API', (name: string) => uriOf(api, name)],
    [
      'its URI at Google, if the client has another base URL',
      (name: string) => `https://generativelanguage.googleapis.com/v1beta/${name}:download?alt=media`,
    ],
  ])('accepts %s', async (_, refOf) => {
    const name = api.serve(VIDEO);

    await download(refOf(name));

    expect(VIDEO.equals(await readFile(path))).toBe(true);
    expect(api.requestsFor(name).map((request) => [request.url, keyOf(request)])).toEqual([
      [`/v1/${name}:download?alt=media`, API_KEY],
    ]);
  });

  it('writes to a stream and ends it', async () => {
    const stream = new PassThrough();
    const written = buffer(stream);

    await downloadVideo(api.client(), api.serve(VIDEO, { cuts: [5] }), stream, { retryDelayMs: 0 });

    expect(VIDEO.equals(await written)).toBe(true);
  });

  it('leaves no partial file after a failure, and keeps an existing file', async () => {
    await writeFile(path, 'before');
    const longer = api.serve('', {
      answer: (_, response) => response.writeHead(206, { 'content-range': 'bytes 0-9/10' }).end('longer than ten'),
    });

    await expect(download(longer)).rejects.toMatchObject({
      code: 'transfer_failed',
      message: expect.stringContaining('is longer than its 10 bytes'),
    });
    await expect(download(api.serve(VIDEO, { cuts: [9, 0, 0, 0, 0, 0, 0] }))).rejects.toMatchObject({
      code: 'transfer_failed',
    });
    await expect(download('files/none')).rejects.toMatchObject({ name: 'ApiError', status: 404 });
    const thrown = new Error('from onProgress');
    const onProgress = () => {
      throw thrown;
    };
    await expect(download(api.serve(VIDEO), { onProgress })).rejects.toBe(thrown);

    expect(await readdir(folder)).toEqual(['video.mp4']);
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  it("rejects with the signal's reason, even while the destination accepts nothing", async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const stuck = new Writable({ write: () => controller.abort(reason) });

    await expect(downloadVideo(api.client(), api.serve(VIDEO), stuck, { signal: controller.signal })).rejects.toBe(
      reason,
    );
    expect(stuck.destroyed).toBe(true);
  });
});

describe('downloadVideo of a file that is not ready or has expired', () => {
  it('waits until Gemini has processed it', async () => {
    const name = api.serve(VIDEO, { states: ['PROCESSING', '503', 'PROCESSING', 'ACTIVE'] });

    await download(name);

    expect(VIDEO.equals(await readFile(path))).toBe(true);
    expect(api.pollsOf(name).map((request) => [request.url, keyOf(request)])).toEqual(
      Array.from({ length: 4 }, () => [`/v1/${name}`, API_KEY]),
    );
  });

  it('downloads a file without a known state, and does not poll files of other hosts', async () => {
    await download(api.serve(VIDEO, { states: ['STATE_UNSPECIFIED'] }));
    expect(VIDEO.equals(await readFile(path))).toBe(true);

    const name = elsewhere.serve(VIDEO, { states: ['PROCESSING'] });
    await download(uriOf(elsewhere, name));
    expect(elsewhere.pollsOf(name)).toEqual([]);
  });

  it('reports that Gemini could not process it', async () => {
    await expect(download(api.serve(VIDEO, { states: ['PROCESSING', 'FAILED'] }))).rejects.toMatchObject({
      code: 'transfer_failed',
      message: expect.stringMatching(/could not process files\/f-\d+\. Gemini said: "No such codec\."/),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it("stops waiting after a timeout, and with the signal's reason", async () => {
    const name = api.serve(VIDEO, { states: ['PROCESSING'] });
    const controller = new AbortController();
    const reason = new Error('enough');

    await expect(download(name, { readyTimeoutMs: 60 })).rejects.toMatchObject({
      name: 'TimeoutError',
      message: `GeminiJobs: ${name} was not ready in time (60 ms).`,
    });
    const polled = api.pollsOf(name).length;
    const aborted = download(name, { signal: controller.signal }).catch((thrown: unknown) => thrown);
    await until(() => api.pollsOf(name).length > polled);
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    await expect(download(name, { readyTimeoutMs: -1 })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('readyTimeoutMs: got -1'),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('destroys a stream if the file never becomes ready', async () => {
    const stream = new PassThrough();

    const name = api.serve(VIDEO, { states: ['FAILED'] });
    await expect(downloadVideo(api.client(), name, stream)).rejects.toMatchObject({ code: 'transfer_failed' });
    expect(stream.destroyed).toBe(true);
  });

  it('explains a 403 by the 48 hours that files are kept', async () => {
    await expect(download(api.serve(VIDEO, { refusals: [403] }))).rejects.toMatchObject({
      name: 'ApiError',
      status: 403,
      message: expect.stringContaining('keeps files for 48 hours'),
      cause: { status: 403, message: '{"error":{"message":"not now"}}' },
    });
    const signed = uriOf(elsewhere, elsewhere.serve(VIDEO, { refusals: [403] }));
    await expect(download(signed)).rejects.toMatchObject({ status: 403, message: '{"error":{"message":"not now"}}' });
  });

  it.each(['text/html; charset=utf-8', 'TEXT/HTML', 'application/json'])(
    'saves no response of type %s',
    async (contentType) => {
      const name = api.serve('<html>Sign in</html>', { contentType });

      await expect(download(name)).rejects.toMatchObject({
        code: 'transfer_failed',
        message: expect.stringContaining(`content type is "${contentType}"`),
      });
      expect(api.requestsFor(name)).toHaveLength(1);
      expect(await readdir(folder)).toEqual([]);
    },
  );
});

describe('downloadVideo of an interaction', () => {
  const interactionOf = (video: object) =>
    api.serveInteraction({
      json: JSON.stringify({
        status: 'completed',
        steps: [{ type: 'model_output', content: [{ type: 'video', mime_type: 'video/mp4', ...video }] }],
      }),
    });

  it('writes an inline video', async () => {
    const progress: DownloadProgress[] = [];
    const interaction = interactionOf({ data: VIDEO.toString('base64url') });

    await downloadVideo(api.client(), { interaction }, path, { onProgress: (now) => progress.push(now) });

    expect(VIDEO.equals(await readFile(path))).toBe(true);
    expect(await readdir(folder)).toEqual(['video.mp4']);
    expect(progress.at(-1)).toEqual({ bytes: VIDEO.length, totalBytes: VIDEO.length });
  });

  it('writes a video in a file once that is ready', async () => {
    const name = api.serve(VIDEO, { states: ['PROCESSING', 'ACTIVE'] });
    const uri = `https://generativelanguage.googleapis.com/v1beta/${name}:download?alt=media`;
    const stream = new PassThrough();
    const written = buffer(stream);

    await downloadVideo(api.client(), { interaction: interactionOf({ uri }) }, stream, { retryDelayMs: 0 });

    expect(VIDEO.equals(await written)).toBe(true);
    expect(api.requestsFor(name).map(keyOf)).toEqual([API_KEY]);
  });

  it('leaves nothing behind if the data is damaged', async () => {
    const interaction = interactionOf({ data: `${VIDEO.toString('base64').slice(0, 100_000)}!!!!` });

    await expect(downloadVideo(api.client(), { interaction }, path)).rejects.toMatchObject({
      code: 'transfer_failed',
      message: expect.stringContaining('has characters that are not base64'),
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the API key', () => {
  it('is not sent to another host, named by the URI or by a redirect of the API', async () => {
    const name = elsewhere.serve(VIDEO, { cuts: [1000] });

    await download(uriOf(elsewhere, name));
    expect(VIDEO.equals(await readFile(path))).toBe(true);
    await download(redirecting(uriOf(elsewhere, name)));
    expect(VIDEO.equals(await readFile(path))).toBe(true);

    const requests = elsewhere.requestsFor(name);
    expect(requests).toHaveLength(3);
    for (const { headers, url } of requests) expect(JSON.stringify([headers, url])).not.toContain(API_KEY);
  });

  it('is not sent after a redirect has left the API', async () => {
    const name = api.serve(VIDEO);

    await download(redirecting(uriOf(elsewhere, redirecting(uriOf(api, name), elsewhere))));

    expect(api.requestsFor(name).map(keyOf)).toEqual([undefined]);
  });

  it('is kept for redirects within the API', async () => {
    const name = api.serve(VIDEO);

    await download(redirecting(`/v1beta/${name}:download`));

    expect(api.requestsFor(name).map(keyOf)).toEqual([API_KEY]);
  });

  it('is in no error message, and neither is the query of a signed URL', async () => {
    const refused = elsewhere.serve(VIDEO, { cuts: Array<number>(8).fill(0) });

    const { message } = await refusalOf(() => download(uriOf(elsewhere, refused)));

    expect(message).toContain(elsewhere.origin);
    expect(message).not.toMatch(new RegExp(`${API_KEY}|secret`));
  });
});

describe('downloadVideo rejects', () => {
  it.each([
    ['a redirect loop', '?again', 6, 'redirects more than 5 times'],
    ['a redirect to another protocol', 'file:///etc/passwd', 1, 'redirects to a file: address'],
    ['a redirect to an invalid URL', 'http://', 1, 'redirects to no URL'],
  ])('%s', async (_, location, requests, message) => {
    const name = redirecting(location);

    await expect(download(name)).rejects.toMatchObject({
      code: 'transfer_failed',
      message: expect.stringContaining(message),
    });
    expect(api.requestsFor(name)).toHaveLength(requests);
  });

  it.each([
    ['an http: address if the API is on https:', (ai: GoogleGenAI) => downloadVideo(ai, 'http://a.example/v', path)],
    [
      'a redirect to such an address',
      (ai: GoogleGenAI) => {
        const answer = async () => new Response(null, { status: 302, headers: { location: 'http://a.example/v' } });
        Object.assign(ai['apiClient'].clientOptions.httpOptions!, { fetch: answer });
        return downloadVideo(ai, 'files/f', path);
      },
    ],
  ])('%s', async (_, work) => {
    const { message } = await refusalOf(() => work(new GoogleGenAI({ apiKey: API_KEY })));
    expect(message).toMatch(/http: (URL|address)/);
  });

  it.each([
    ['gs://bucket/video.mp4', 'is in Cloud Storage'],
    ['ftp://example.com/video.mp4', 'got a ftp: URL'],
    ['https://user:password@example.com/video.mp4', 'without a user name or password'],
    ['files/../models', 'Give its name'],
    ['', 'Give its name'],
  ])('the video %j', async (video, message) => {
    await expect(download(video)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
    });
  });
});

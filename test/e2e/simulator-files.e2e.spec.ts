import { afterEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeSimulated, simulatedGemini, type SimulatedGemini } from '../support/simulated-gemini.js';

const MEBIBYTE = 1024 * 1024;
const folders: string[] = [];

afterEach(async () => {
  await closeSimulated();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

describe('simulated files', () => {
  it('are uploaded in chunks, from a path or a blob', async () => {
    const { gemini, ai } = await simulatedGemini();
    const bytes = randomBytes(17 * MEBIBYTE);
    const path = join(await newFolder(), 'clip.mp4');
    await writeFile(path, bytes);

    const fromPath = await ai.files.upload({ file: path, config: { displayName: 'a clip' } });
    const fromBlob = await ai.files.upload({
      file: new Blob([bytes]),
      config: { name: 'mine', mimeType: 'video/mp4' },
    });

    expect(gemini.countOf('files.uploadChunk')).toBe(6);
    expect(fromPath).toMatchObject({
      displayName: 'a clip',
      mimeType: 'video/mp4',
      sizeBytes: String(bytes.length),
      sha256Hash: createHash('sha256').update(bytes).digest('base64'),
      state: 'ACTIVE',
      source: 'UPLOADED',
    });
    expect(fromBlob).toMatchObject({ name: 'files/mine', sha256Hash: fromPath.sha256Hash });
    expect(await ai.files.get({ name: fromPath.name ?? '' })).toMatchObject({ uri: fromPath.uri });
  });

  it('are uploaded correctly if a chunk is sent twice', async () => {
    const { gemini } = await simulatedGemini();
    const upload = await startUpload(gemini, 6);

    await upload('upload', 0, 'abc');
    const again = await upload('upload', 0, 'abcd');
    const gap = await upload('upload', 5, 'f');
    const asked = await upload('query', 0, '');
    const final = await upload('upload, finalize', 4, 'ef');

    expect(again.headers.get('x-goog-upload-size-received')).toBe('4');
    expect([gap.status, asked.headers.get('x-goog-upload-size-received')]).toEqual([400, '4']);
    expect(final.headers.get('x-goog-upload-status')).toBe('final');
    const sha256Hash = createHash('sha256').update('abcdef').digest('base64');
    expect(await final.json()).toMatchObject({ file: { sizeBytes: '6', sha256Hash } });
  });

  it('are refused if more or fewer bytes arrive than announced, and discarded if cancelled', async () => {
    const { gemini } = await simulatedGemini();
    const upload = await startUpload(gemini, 3);

    expect((await upload('upload, finalize', 0, 'ab')).status).toBe(400);
    expect((await upload('upload', 0, 'abcd')).status).toBe(400);
    expect((await upload('cancel', 0, '')).headers.get('x-goog-upload-status')).toBe('cancelled');
    expect((await upload('query', 0, '')).status).toBe(404);
  });

  it('are listed in pages, deleted, and gone after two days', async () => {
    const { gemini, ai } = await simulatedGemini();
    for (const name of ['a', 'b', 'c']) {
      await ai.files.upload({ file: new Blob([name]), config: { name, mimeType: 'text/plain' } });
    }

    const names: (string | undefined)[] = [];
    for await (const { name } of await ai.files.list({ config: { pageSize: 2 } })) names.push(name);
    await ai.files.delete({ name: 'files/b' });

    expect(names).toEqual(['files/c', 'files/b', 'files/a']);
    await expect(ai.files.get({ name: 'files/b' })).rejects.toMatchObject({ name: 'ApiError', status: 403 });
    await gemini.advance(48 * 60 * 60 * 1000);
    await expect(ai.files.get({ name: 'files/a' })).rejects.toMatchObject({ status: 403 });
    expect((await ai.files.list()).page).toEqual([]);
  });

  it('cannot share a custom name', async () => {
    const { ai } = await simulatedGemini();
    const upload = (name: string) =>
      ai.files.upload({ file: new Blob(['x']), config: { name, mimeType: 'text/plain' } });
    await upload('mine');

    await expect(upload('mine')).rejects.toMatchObject({ status: 409 });
    await expect(upload('Not/A/Name')).rejects.toMatchObject({ status: 400 });
  });

  it('can be downloaded only if Gemini created them, and with the key', async () => {
    const { gemini, ai } = await simulatedGemini();
    const { name = '' } = await ai.files.upload({ file: new Blob(['mine']), config: { mimeType: 'text/plain' } });
    const made = gemini.files.put(Buffer.from('made'), { mimeType: 'text/plain', source: 'GENERATED' });

    expect((await download(gemini, name)).status).toBe(400);
    expect((await download(gemini, made.name, { 'x-goog-api-key': 'another' })).status).toBe(400);
    expect((await download(gemini, made.name, { 'x-goog-api-key': '' })).status).toBe(403);
    expect(await (await download(gemini, made.name)).text()).toBe('made');
  });

  it.each([
    ['bytes=0-2', 206, 'abc', 'bytes 0-2/10'],
    ['bytes=7-', 206, 'hij', 'bytes 7-9/10'],
    ['bytes=8-99', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=-4', 206, 'ghij', 'bytes 6-9/10'],
    ['bytes=10-', 416, undefined, 'bytes */10'],
    ['bytes=a-b', 200, 'abcdefghij', null],
    ['bytes=0-1,3-4', 200, 'abcdefghij', null],
  ])('answer the range %s with %i', async (range, status, text, contentRange) => {
    const { gemini } = await simulatedGemini();
    const { name: inMemory } = gemini.files.put(Buffer.from('abcdefghij'), generated());
    const { name: onDisk } = await gemini.files.write(pieces('abcde', 'fghij'), generated());

    for (const name of [inMemory, onDisk]) {
      const response = await download(gemini, name, { range });

      expect([response.status, response.headers.get('content-range')]).toEqual([status, contentRange]);
      if (text !== undefined) expect(await response.text()).toBe(text);
    }
  });

  it('are sent whole if they have changed since the range was chosen', async () => {
    const { gemini } = await simulatedGemini();
    const { name } = gemini.files.put(Buffer.from('abcdefghij'), generated());
    const etag = (await download(gemini, name)).headers.get('etag') ?? '';

    expect((await download(gemini, name, { range: 'bytes=5-', 'if-range': etag })).status).toBe(206);
    expect((await download(gemini, name, { range: 'bytes=5-', 'if-range': '"other"' })).status).toBe(200);
  });

  it('break off as often as configured, and can be resumed', async () => {
    const { gemini } = await simulatedGemini();
    const content = randomBytes(4 * MEBIBYTE);
    const { name } = await gemini.files.write(pieces(content), generated());
    gemini.files.cutDownloadsAfter(MEBIBYTE, { times: 2 });

    const received: Buffer[] = [];
    let requests = 0;
    for (let bytes = 0; bytes < content.length; requests += 1) {
      const part = await receivedOf(await download(gemini, name, { range: `bytes=${bytes}-` }));
      received.push(part);
      bytes += part.length;
    }

    expect(requests).toBe(3);
    expect(Buffer.concat(received).equals(content)).toBe(true);
  });

  it('are sent from the beginning while ranges are ignored', async () => {
    const { gemini } = await simulatedGemini();
    const { name } = gemini.files.put(Buffer.from('abcdefghij'), generated());

    const undo = gemini.files.cutDownloadsAfter(3, { ignoreRange: true });
    const cut = await receivedOf(await download(gemini, name, { range: 'bytes=2-' }));
    const whole = await download(gemini, name, { range: 'bytes=3-' });
    undo();

    expect(cut.length).toBeLessThan(10);
    expect([whole.status, await whole.text()]).toEqual([200, 'abcdefghij']);
    expect((await download(gemini, name, { range: 'bytes=3-' })).status).toBe(206);
  });

  it('leave nothing on disk', async () => {
    const before = new Set(await ownFolders());
    const { gemini, ai } = await simulatedGemini();
    await ai.files.upload({ file: new Blob(['x']), config: { mimeType: 'text/plain' } });
    await startUpload(gemini, 100);
    const made = (await ownFolders()).filter((name) => !before.has(name));

    await gemini.close();

    expect(made.length).toBeGreaterThan(0);
    expect(made.filter((name) => existsSync(join(tmpdir(), name)))).toEqual([]);
  });
});

type Gemini = SimulatedGemini['gemini'];

function generated() {
  return { mimeType: 'application/jsonl', source: 'GENERATED' as const };
}

async function* pieces(...content: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* content;
}

function download(gemini: Gemini, name: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gemini.baseUrl}/v1beta/${name}:download?alt=media`, {
    headers: { 'x-goog-api-key': gemini.apiKey, ...headers },
  });
}

/** Reads a body until its connection breaks. */
async function receivedOf(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk as Uint8Array);
  } catch {
    // Cut as configured: the bytes received before count.
  }
  return Buffer.concat(chunks);
}

/** An upload by hand, under the version that `@google/genai` 3 calls. The returned function sends its next request. */
async function startUpload(gemini: Gemini, bytes: number) {
  const key = { 'x-goog-api-key': gemini.apiKey };
  const started = await fetch(`${gemini.baseUrl}/upload/v1/files`, {
    method: 'POST',
    headers: {
      ...key,
      'x-goog-upload-protocol': 'resumable',
      'x-goog-upload-command': 'start',
      'x-goog-upload-header-content-length': String(bytes),
    },
    body: '{}',
  });
  const address = started.headers.get('x-goog-upload-url') ?? '';
  return (command: string, offset: number, body: string) =>
    fetch(address, {
      method: 'POST',
      headers: { ...key, 'x-goog-upload-command': command, 'x-goog-upload-offset': String(offset) },
      body,
    });
}

async function ownFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('gemini-simulator-'));
}

async function newFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'simulator-files-'));
  folders.push(made);
  return made;
}

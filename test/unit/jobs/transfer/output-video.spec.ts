import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { InlineVideo } from '../../../../lib/jobs/transfer/inline-video.js';
import { outputVideo, type OutputVideoOptions } from '../../../../lib/jobs/transfer/output-video.js';
import { FileServer, type ServedInteraction } from '../../../support/file-server.js';
import { refusalOf } from '../../../support/verifying.js';

const FILM = randomBytes(300_001);
const SHORT = randomBytes(1000);

let server: FileServer;
let temporaryFolder: string;
beforeAll(async () => {
  server = await FileServer.start();
});
afterAll(() => server.close());
beforeEach(async () => {
  temporaryFolder = await mkdtemp(join(tmpdir(), 'output-'));
});
afterEach(async () => {
  expect(await readdir(temporaryFolder)).toEqual([]);
  await rm(temporaryFolder, { recursive: true });
});

const output = (...content: object[]) => ({ type: 'model_output', content });
const video = (fields: object) => ({ type: 'video', mime_type: 'video/mp4', ...fields });

function outputOf(fields: object, pieceBytes = 50_000) {
  return outputOfServed({ json: JSON.stringify({ status: 'completed', ...fields }), pieceBytes });
}

function outputOfServed(interaction: ServedInteraction, options: OutputVideoOptions = {}) {
  const id = server.serveInteraction(interaction);
  return outputVideo(server.client(), id, { temporaryFolder, retryDelayMs: 0, ...options });
}

describe('outputVideo', () => {
  it('returns the URI of a video in a file', async () => {
    const uri = 'https://generativelanguage.googleapis.com/v1beta/files/f:download?alt=media';

    expect(await outputOf({ steps: [output(video({ uri }))] })).toEqual({ mimeType: 'video/mp4', uri });
    expect(await outputOf({ steps: [output(video({ uri, data: '' }))] })).toEqual({ mimeType: 'video/mp4', uri });
  });

  it.each([
    ['long', FILM],
    ['short', SHORT],
  ])('returns the bytes of a %s inline video once', async (_, film) => {
    const steps = [
      { type: 'user_input', content: [{ type: 'image', data: randomBytes(80_000).toString('base64') }] },
      output({ type: 'text', text: 'not base64! '.repeat(9000) }),
      output(video({ data: randomBytes(70_000).toString('base64') })),
      output(video({ data: film.toString('base64'), mime_type: 'video/webm' })),
      { type: 'thought', signature: 'A'.repeat(70_000) },
    ];
    for (const pieceBytes of [997, 65_536]) {
      const inline = (await outputOf({ steps }, pieceBytes)) as InlineVideo;

      expect(inline).toMatchObject({ mimeType: 'video/webm', sizeBytes: film.length });
      expect(inline.uri).toBeUndefined();
      expect(film.equals(await buffer(inline.stream()))).toBe(true);
      expect((await refusalOf(async () => inline.stream())).message).toContain('Call outputVideo again');
      await inline.dispose();
    }
  });

  it('releases the bytes when the stream is destroyed or disposed', async () => {
    const steps = [output(video({ data: FILM.toString('base64') }))];
    const stream = ((await outputOf({ steps })) as InlineVideo).stream();
    stream.destroy();
    await once(stream, 'close');

    const inline = (await outputOf({ steps })) as InlineVideo;
    await inline[Symbol.asyncDispose]();
    await inline.dispose();
    expect(() => inline.stream()).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  it.each([
    [{ status: 'in_progress' }, 'has no video: its status is in_progress.'],
    [{ status: 'failed', errors: [{ message: 'Blocked.' }] }, 'its status is failed. Gemini said: "Blocked."'],
    [{ steps: [output({ type: 'text', text: 'I cannot.' })] }, 'completed without one. Gemini said: "I cannot."'],
    [{ steps: [] }, 'completed without one.'],
    [{ status: 'incomplete', steps: [output(video({ data: FILM.toString('base64') }))] }, 'its status is incomplete'],
  ])('reports why there is no video', async (fields, message) => {
    await expect(outputOf(fields)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    [`${'A'.repeat(80_000)}!!!!`, 'has characters that are not base64'],
    [`${FILM.toString('base64')}AA`, 'goes on after its padding'],
    ['????', 'has characters that are not base64'],
  ])('rejects damaged data', async (data, message) => {
    await expect(outputOf({ steps: [output(video({ data }))] })).rejects.toMatchObject({
      code: 'transfer_failed',
      message: expect.stringContaining(message),
    });
  });

  it('retries only a read that is cut or temporarily refused', async () => {
    const json = JSON.stringify({ status: 'completed', steps: [output(video({ data: FILM.toString('base64') }))] });
    let asked = 0;
    const inline = await outputOfServed({
      answer: (_, response) => {
        asked += 1;
        if (asked === 1) response.writeHead(503).end('{}');
        else if (asked === 2) response.writeHead(404).end('{}');
        else if (asked === 3) response.writeHead(200).write(json.slice(0, 200_000), () => response.destroy());
        else response.end(json);
      },
    });
    expect(FILM.equals(await buffer((inline as InlineVideo).stream()))).toBe(true);

    asked = 0;
    const refused = outputOfServed({ answer: (_, response) => response.writeHead(asked++ ? 200 : 400).end('no') });
    await expect(refused).rejects.toMatchObject({ name: 'ApiError', status: 400, message: 'no' });
    const down = outputOfServed({ answer: (_, response) => response.writeHead(503).end(String(++asked)) });
    await expect(down).rejects.toMatchObject({ status: 503, message: '5' });
  });

  it("rejects with the signal's reason, also in the middle of the film", async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const head = '{"status":"completed","steps":[{"type":"model_output","content":[{"type":"video","data":"';

    const aborted = outputOfServed(
      {
        answer: (_, response) => {
          response.writeHead(200).write(`${head}${'A'.repeat(200_000)}`, () => controller.abort(reason));
        },
      },
      { signal: controller.signal },
    );
    await expect(aborted).rejects.toBe(reason);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { GoogleGenAI } from '@google/genai';
import { readInteraction } from '../../../../lib/jobs/transfer/interaction-reader.js';
import { deferred } from '../../../support/deferred.js';
import { API_KEY, FileServer, type ServedInteraction } from '../../../support/file-server.js';

const HEAD = Buffer.from('{"status":"completed","steps":[{"type":"model_output","content":[{"type":"video","data":"');
const TAIL = Buffer.from('"}]}]}');
const FILM = randomBytes(300_000).toString('base64');

let server: FileServer;
beforeAll(async () => {
  server = await FileServer.start();
});
afterAll(() => server.close());

const output = (...content: object[]) => ({ type: 'model_output', content });
const video = (fields: object) => ({ type: 'video', mime_type: 'video/mp4', ...fields });

/** Reads an interaction with these fields. */
function read(fields: object, pieceBytes = 10_000) {
  const json = JSON.stringify({ status: 'completed', ...fields });
  return readInteraction(server.client(), server.serveInteraction({ json, pieceBytes }));
}

function readServed(interaction: ServedInteraction, options: Parameters<typeof readInteraction>[2] = {}) {
  return readInteraction(server.client(), server.serveInteraction(interaction), options);
}

/** A client whose interactions have these bodies. */
function answering(bodies: Readonly<Record<string, () => AsyncIterable<Buffer>>>): GoogleGenAI {
  const answer: typeof fetch = async (url) => {
    const id = /interactions\/(\w+)/.exec(String(url))![1]!;
    return new Response(Readable.toWeb(Readable.from(bodies[id]!(), { highWaterMark: 1 })) as ReadableStream);
  };
  return new GoogleGenAI({ apiKey: API_KEY, httpOptions: { fetch: answer } });
}

describe('readInteraction', () => {
  it('reads state, model and text, and sends the key', async () => {
    const steps = [
      { type: 'user_input', content: [{ type: 'text', text: 'question' }] },
      { type: 'thought', summary: [{ type: 'text', text: 'hm' }] },
      output({ type: 'text', text: 'One, ' }, { type: 'image', data: 'AAAA' }),
      output({ type: 'text', text: 'two.' }),
    ];
    const interaction = await read({
      id: 'v1_other',
      model: 'gemini-3.8-flash',
      status: 'requires_continuation',
      steps,
    });

    expect(interaction).toEqual({
      id: 'v1_other',
      status: 'requires_continuation',
      model: 'gemini-3.8-flash',
      errors: [],
      text: 'One, two.',
    });
    const { url, headers } = server.requests.at(-1)!;
    expect([url, headers['x-goog-api-key']]).toEqual([expect.stringMatching(/^\/v1\/interactions\/v1_\d+\?/), API_KEY]);
  });

  it('reads the location of the last video, and skips inline ones', async () => {
    const uri = 'https://generativelanguage.googleapis.com/v1beta/files/f:download?alt=media';
    const earlier = output(video({ data: FILM }), video({ uri, mime_type: 'video/webm' }));

    expect((await read({ steps: [output(video({ data: FILM })), earlier, output()] })).video).toEqual({
      mimeType: 'video/webm',
      uri,
      isInline: false,
    });
    expect((await read({ steps: [earlier, output(video({ data: FILM }))] }, 777)).video).toEqual({
      mimeType: 'video/mp4',
      isInline: true,
    });
    expect((await read({ steps: [output({ type: 'video', data: 'AAAA' })] })).video?.isInline).toBe(true);
  });

  it('does not treat an input or an earlier turn as the output', async () => {
    const input = { type: 'user_input', content: [video({ data: FILM })] };

    expect(await read({ steps: [input, output({ type: 'text', text: 'no' })] })).not.toHaveProperty('video');
    expect(await read({ steps: [output(video({ data: FILM })), input] })).not.toHaveProperty('video');
    expect(await read({ steps: [output(video({}))] })).not.toHaveProperty('video');
  });

  it('returns errors of the interaction and of its steps', async () => {
    const { errors } = await read({
      status: 'failed',
      errors: [{ code: 'content_blocked', message: 'No.' }, null, {}],
      steps: [{ type: 'model_output', error: { code: 3, message: 'Bad.', details: [] } }],
    });

    expect(errors).toEqual([{ code: 'content_blocked', message: 'No.' }, {}, { code: 3, message: 'Bad.' }]);
  });

  it('returns the beginning of a long text', async () => {
    const text = 'né "🙂" \\ '.repeat(20_000);

    for (const pieceBytes of [11, 100_000]) {
      const interaction = await read({ steps: [output({ type: 'text', text })] }, pieceBytes);
      expect(interaction.text).toBe(text.slice(0, 2000));
    }
  });

  it.each(['', 'a b', 'a/b', '..', 'interactions/', 'files/f', 'a?b', 'ü', 7 as unknown as string])(
    'rejects the id %j before any request',
    async (id) => {
      const before = server.requests.length;

      await expect(readInteraction(server.client(), id)).rejects.toMatchObject({
        code: 'invalid_argument',
        message: expect.stringContaining('id of an interaction'),
      });
      expect(server.requests).toHaveLength(before);
    },
  );

  it('accepts the id with the collection as a prefix', async () => {
    const id = server.serveInteraction({ json: '{"status":"queued"}' });

    expect(await readInteraction(server.client(), `interactions/${id}`)).toMatchObject({ id, status: 'queued' });
  });

  it('throws a refusal with its status, headers and message', async () => {
    const body = '{"error":{"code":"invalid_request","message":"Invalid interaction name"}}';
    const refusal = readServed({
      answer: (_, response) => response.writeHead(429, { 'retry-after': '7' }).end(body.padEnd(100_000)),
    });

    const error = await refusal.catch((thrown: unknown) => thrown as Error & { headers: Headers });
    expect(error).toMatchObject({ name: 'ApiError', status: 429, message: expect.stringContaining(body) });
    expect(error).toHaveProperty('message.length', 65_536);
    expect((error as { headers: Headers }).headers.get('retry-after')).toBe('7');
  });

  it.each([
    ['<html>', 'is not JSON'],
    ['{"status":"completed"', 'is not JSON'],
    [`{"status":"${'a'.repeat(70_000)}`, 'is not JSON'],
    ['[]', 'is not a JSON object'],
    ['{}', 'has no status'],
    [`{"status":"completed","x":[${'1,'.repeat(5_000_000)}1]}`, 'more than 8388608 bytes'],
  ])('rejects a body that is not an interaction: %.30s', async (json, message) => {
    await expect(readServed({ json })).rejects.toMatchObject({
      code: 'transfer_failed',
      message: expect.stringContaining(message),
    });
  });

  it('rejects if the response is cut or missing', async () => {
    await expect(
      readServed({
        answer: (_, response) => {
          response.writeHead(200, { 'content-length': 1000 }).write('{"status":', () => response.destroy());
        },
      }),
    ).rejects.toMatchObject({ code: 'transfer_failed', message: expect.stringContaining('was cut') });
    await expect(readServed({ answer: (_, response) => response.destroy() })).rejects.toMatchObject({
      code: 'transfer_failed',
    });
  });

  it("times out, and rejects with the signal's reason", async () => {
    const silent: ServedInteraction = { answer: () => undefined };
    const controller = new AbortController();
    const reason = new Error('enough');

    await expect(readServed(silent, { timeoutMs: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
    const aborted = readServed(silent, { signal: controller.signal });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(readServed(silent, { timeoutMs: Number.NaN })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('continues while bytes arrive, and ends after a time without any', async () => {
    const client = answering({
      async *slow() {
        yield HEAD;
        for (let pieces = 0; pieces < 20; pieces += 1) {
          await wait(20);
          yield Buffer.from('AAAA');
        }
        yield TAIL;
      },
      async *stalled() {
        yield HEAD;
        await new Promise(() => undefined);
      },
    });

    const slow = await readInteraction(client, 'slow', { stallTimeoutMs: 300 });
    expect(slow).toMatchObject({ status: 'completed', video: { isInline: true } });
    await expect(readInteraction(client, 'stalled', { stallTimeoutMs: 50 })).rejects.toMatchObject({
      name: 'TimeoutError',
      message: expect.stringContaining('no data for 50 ms'),
    });
  });

  it('reads one large answer at a time, beside any number of small ones', async () => {
    const [isPaused, finish] = [deferred(), deferred()];
    const client = answering({
      async *film() {
        yield Buffer.concat([HEAD, Buffer.alloc(2_000_000, 'A')]);
        yield Buffer.from('A');
        isPaused.resolve();
        await finish.promise;
        yield TAIL;
      },
      async *other() {
        yield Buffer.concat([HEAD, Buffer.alloc(2_000_000, 'A'), TAIL]);
      },
      async *small() {
        yield Buffer.from('{"status":"queued"}');
      },
    });
    const first = readInteraction(client, 'film');
    await isPaused.promise;
    const controller = new AbortController();
    const aborted = readInteraction(client, 'other', { signal: controller.signal });
    let isRead = false;
    const second = readInteraction(client, 'other').finally(() => (isRead = true));
    for (let small = 0; small < 20; small += 1) await readInteraction(client, 'small');
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(isRead).toBe(false);
    finish.resolve();

    expect((await first).video?.isInline).toBe(true);
    expect((await second).video?.isInline).toBe(true);
  });
});

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import rawBody from 'raw-body';

/** Reads a request's body, as a middleware or hook of an app may. */
export type BodyReader = (request: IncomingMessage) => Promise<unknown>;

type Readers = readonly (readonly [string, BodyReader])[];

const sink = () => new Writable({ write: (_chunk, _encoding, done) => done() });

/** Readers that wait for events of the stream, even if it has ended. */
export const WAITING_READERS: Readers = [
  [
    '"data" and "end"',
    (request) =>
      new Promise((resolve) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
      }),
  ],
  ['"end" alone', (request) => once(request.resume(), 'end')],
  ['"data" alone', (request) => once(request, 'data')],
  [
    '"readable" and "end"',
    (request) =>
      new Promise((resolve) => {
        request.on('readable', () => request.read()).on('end', resolve);
      }),
  ],
  [
    '"data" and "end" a moment later',
    async (request) => {
      await new Promise((resolve) => setImmediate(resolve));
      await once(
        request.on('data', () => undefined),
        'end',
      );
    },
  ],
];

/** Readers that see that the stream cannot be read, and fail. */
export const FAILING_READERS: Readers = [
  ['raw-body', (request) => rawBody(request)],
  ['raw-body with a length', (request) => rawBody(request, { length: '10', limit: '1mb', encoding: true })],
  ['a web stream', async (request) => new Response(Readable.toWeb(request) as ReadableStream).text()],
];

/** Readers that notice that the stream has ended, and find it empty. */
export const EMPTY_READERS: Readers = [
  [
    'for await',
    async (request) => {
      for await (const _chunk of request);
    },
  ],
  ['stream.pipeline', (request) => pipeline(request, sink())],
  ['stream/consumers', (request) => text(request)],
  ['a pipe', (request) => once(request.pipe(sink()), 'finish')],
  ['a pipe through another stream', async (request) => text(request.pipe(new PassThrough()))],
];

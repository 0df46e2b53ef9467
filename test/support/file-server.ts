import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GoogleGenAI } from '@google/genai';

export const API_KEY = 'key-that-stays-at-home';

/** How one file is served. Every default is the behaviour of a correct server. */
export interface FileBehaviour {
  /** Bytes of the body after which the nth response is cut; later responses are complete. */
  readonly cuts?: readonly number[];
  /** Status of the nth response, which has no file; 0 serves the file. */
  readonly refusals?: readonly number[];
  /** ETag of the nth response; the last one is repeated. */
  readonly etags?: readonly string[];
  /** Content of the file from the second request on. */
  readonly replacedBy?: Buffer;
  readonly ignoresRange?: boolean;
  /** Sends no length, as Google does for generated content. */
  readonly isChunked?: boolean;
  /** Bytes per write. */
  readonly pieceBytes?: number;
  /** State that the nth poll of the file returns; the last one is repeated. Without one it is `ACTIVE`. */
  readonly states?: readonly string[];
  readonly contentType?: string;
  /** Replaces all of the above. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void;
}

interface ServedFile {
  readonly bytes: Buffer;
  readonly behaviour: FileBehaviour;
  asked: number;
  polled: number;
}

/** How an interaction is served: as JSON in chunks of a given size, or by the test itself. */
export type ServedInteraction =
  | { readonly json: Buffer | string; readonly pieceBytes?: number }
  | { readonly answer: (request: IncomingMessage, response: ServerResponse) => void };

/** Serves files and interactions like the Gemini API or another host, on loopback. */
export class FileServer {
  readonly requests: IncomingMessage[] = [];
  readonly #files = new Map<string, ServedFile>();
  readonly #interactions = new Map<string, ServedInteraction>();
  readonly #server = createServer((request, response) => this.#answer(request, response));

  static async start(): Promise<FileServer> {
    const server = new FileServer();
    await once(server.#server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The SDK's own client for this server. */
  client(): GoogleGenAI {
    return new GoogleGenAI({ apiKey: API_KEY, httpOptions: { baseUrl: this.origin } });
  }

  /** Adds a file and returns its name. */
  serve(bytes: Buffer | string, behaviour: FileBehaviour = {}): string {
    const name = `files/f-${this.#files.size}`;
    this.#files.set(name, { bytes: Buffer.from(bytes), behaviour, asked: 0, polled: 0 });
    return name;
  }

  /** Adds an interaction and returns its id. */
  serveInteraction(interaction: ServedInteraction): string {
    const id = `v1_${this.#interactions.size}`;
    this.#interactions.set(id, interaction);
    return id;
  }

  /** Polls of the state of a file. */
  pollsOf(name: string): IncomingMessage[] {
    return this.requests.filter(({ url }) => url?.endsWith(`/${name}`));
  }

  /** The downloads of a file. */
  requestsFor(name: string): IncomingMessage[] {
    return this.requests.filter(({ url }) => url?.includes(`${name}:`));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(request);
    const id = /^\/v1(?:beta)?\/interactions\/([^/?]+)\?stream=false$/.exec(request.url ?? '')?.[1];
    const interaction = this.#interactions.get(id ?? '');
    if (interaction && 'answer' in interaction) return interaction.answer(request, response);
    if (interaction) return void sendInteraction(interaction, response);
    const file = this.#files.get(/files\/[\w-]+/.exec(request.url ?? '')?.[0] ?? '');
    const isPoll = /\/files\/[\w-]+$/.test(request.url ?? '');
    if (!file) response.writeHead(404).end('{}');
    else if (isPoll) sendState(file, response);
    else if (file.behaviour.answer) file.behaviour.answer(request, response);
    else void send(file, request, response);
  }
}

async function sendInteraction(
  { json, pieceBytes = 65_536 }: Extract<ServedInteraction, { json: unknown }>,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  const bytes = Buffer.from(json);
  for (let at = 0; at < bytes.length && !response.destroyed; at += pieceBytes) {
    const written = response.write(bytes.subarray(at, at + pieceBytes));
    if (!written) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}

function sendState(file: ServedFile, response: ServerResponse): void {
  const { states = ['ACTIVE'] } = file.behaviour;
  const state = states[Math.min(file.polled++, states.length - 1)];
  const error = state === 'FAILED' ? { error: { code: 13, message: 'No such codec.' } } : {};
  response.writeHead(state === '503' ? 503 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ state, ...error }));
}

async function send(file: ServedFile, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const {
    cuts = [],
    refusals = [],
    etags = [],
    replacedBy,
    ignoresRange,
    isChunked,
    pieceBytes,
    contentType,
  } = file.behaviour;
  const turn = file.asked++;
  if (refusals[turn]) {
    response.writeHead(refusals[turn], { 'content-type': 'application/json' }).end('{"error":{"message":"not now"}}');
    return;
  }
  const bytes = (turn > 0 && replacedBy) || file.bytes;
  const from = ignoresRange ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from > 0 && from >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const body = bytes.subarray(from);
  const etag = etags[Math.min(turn, etags.length - 1)];
  response.writeHead(from > 0 ? 206 : 200, {
    ...(etag && { etag }),
    ...(contentType && { 'content-type': contentType }),
    ...(!isChunked && { 'content-length': body.length }),
    ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.flushHeaders();
  const end = Math.min(cuts[turn] ?? Infinity, body.length);
  for (let at = 0; at < end; at += pieceBytes ?? end) {
    const written = response.write(body.subarray(at, Math.min(at + (pieceBytes ?? end), end)));
    if (!written) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    if (response.destroyed) return;
  }
  if (cuts[turn] === undefined) response.end();
  else response.socket?.end();
}

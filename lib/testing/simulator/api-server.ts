import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { checkApiKey } from './api-key.js';
import { requestOf } from './api-request.js';
import type { RequestFault } from './request-faults.js';
import { ApiError, type ApiAnswer, type ApiRequest, type ApiRoute } from './simulated-api.js';

/** Thousands of jobs are started at once in tests; what exceeds Node's default waits a second and more. */
const BACKLOG = 4096;

/** One call, once it has been answered. */
export interface AnsweredCall {
  readonly operation: string;
  /** The decoded path: what the call was about, unless the answer says better. */
  readonly path: string;
  /** 0 when the connection was cut instead. */
  readonly status: number;
  /** What it was answered with, when that was JSON and no refusal. */
  readonly json: unknown;
}

/** What a server is given. */
export interface ApiServerHost {
  readonly apiKey: string;
  readonly routes: readonly ApiRoute[];
  /** Which operations anybody may call. */
  readonly withoutKey: ReadonlySet<string>;
  faultOf(operation: string): RequestFault;
  answered(call: AnsweredCall): void;
}

/** How a call goes out, and what is recorded of it. */
interface Outcome {
  /** Without one the connection is cut. */
  readonly answer: ApiAnswer | undefined;
  readonly status: number;
  readonly json: unknown;
}

/** The simulated API on 127.0.0.1: routes, keys, refusals in Google's form, and what faults do to calls. */
export class ApiServer {
  readonly #server: Server;
  readonly #closing = new AbortController();
  #host: ApiServerHost | undefined;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    // An upload takes as long as it takes.
    this.#server.requestTimeout = 0;
  }

  /** Listens, and answers once it is opened. @throws what `listen` fails with */
  static async listen(port: number): Promise<ApiServer> {
    const server = new ApiServer();
    await once(server.#server.listen({ port, host: '127.0.0.1', backlog: BACKLOG }), 'listening');
    return server;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  open(host: ApiServerHost): void {
    this.#host = host;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = this.#host;
    const path = pathOf(message);
    const route = host?.routes.find((one) => one.method === message.method && one.path.test(path));
    const operation = route?.operation ?? 'unknown';
    let outcome: Outcome;
    try {
      if (!host) throw new ApiError(503, 'UNAVAILABLE', 'The simulator is starting.');
      outcome = await this.#answer(host, requestOf(message, path, route?.path), route, path);
    } catch (error) {
      outcome = refused(error instanceof ApiError ? error : internal(error));
    }
    if (this.#closing.signal.aborted) return;
    host?.answered({ operation, path, status: outcome.status, json: outcome.json });
    await write(outcome.answer, response);
    message.resume();
  }

  async #answer(host: ApiServerHost, request: ApiRequest, route: ApiRoute | undefined, path: string): Promise<Outcome> {
    if (!route) throw new ApiError(404, 'NOT_FOUND', `The simulator has nothing at ${path}.`);
    if (!host.withoutKey.has(route.operation)) checkApiKey(host.apiKey, request);
    const { delayMs, error } = host.faultOf(route.operation);
    if (delayMs > 0) await pause(delayMs, undefined, { signal: this.#closing.signal });
    if (error === undefined || error.afterEffect) {
      const answer = await route.handle(request);
      if (error === undefined) return taken(answer);
      discard(answer);
    }
    if (error.refusal === undefined) return { answer: undefined, status: 0, json: undefined };
    throw error.refusal;
  }
}

function pathOf(message: IncomingMessage): string {
  return new URL(message.url ?? '/', 'http://127.0.0.1').pathname;
}

async function write(answer: ApiAnswer | undefined, response: ServerResponse): Promise<void> {
  if (answer === undefined) {
    response.destroy();
    return;
  }
  const status = answer.status ?? 200;
  if ('json' in answer) {
    const headers = { 'content-type': 'application/json; charset=UTF-8', ...answer.headers };
    response.writeHead(status, headers).end(JSON.stringify(answer.json));
  } else if (Buffer.isBuffer(answer.body)) {
    response.writeHead(status, answer.headers).end(answer.body);
  } else {
    response.writeHead(status, answer.headers);
    // A client that goes away in the middle of a download is its own business; the source is destroyed with it.
    await pipeline(answer.body, response).catch(() => {});
  }
}

function taken(answer: ApiAnswer): Outcome {
  return { answer, status: answer.status ?? 200, json: 'json' in answer ? answer.json : undefined };
}

function refused({ code, message, status, headers, details }: ApiError): Outcome {
  const error = { code, message, status, ...(details.length > 0 && { details }) };
  return { answer: { status: code, headers, json: { error } }, status: code, json: undefined };
}

/** A fault of the simulator's own: told to the caller, since it is a test that reads it. */
function internal(error: unknown): ApiError {
  return new ApiError(
    500,
    'INTERNAL',
    `The simulator failed: ${error instanceof Error ? error.message : String(error)}`,
  );
}

function discard(answer: ApiAnswer): void {
  if ('body' in answer && answer.body instanceof Readable) answer.body.destroy();
}

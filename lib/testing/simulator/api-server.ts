import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { checkApiKey } from './api-key.js';
import { requestOf } from './api-request.js';
import type { RequestFault } from './request-faults.js';
import { ApiError, type ApiResponse, type ApiRequest, type ApiRoute } from './simulated-api.js';

/** Tests start thousands of jobs at once; connections beyond Node's default backlog wait for a second or more. */
const BACKLOG = 4096;

/** Completed API call. */
export interface CompletedCall {
  readonly operation: string;
  /** Path: names the resource unless the response does. */
  readonly path: string;
  /** HTTP status; 0 if the connection was closed instead. */
  readonly status: number;
  /** JSON of the response, which may name the resource; `undefined` for an error. */
  readonly json: unknown;
}

/** Dependencies of a server. */
export interface ApiServerHost {
  readonly apiKey: string;
  readonly routes: readonly ApiRoute[];
  /** Operations that need no API key. */
  readonly withoutKey: ReadonlySet<string>;
  faultOf(operation: string): RequestFault;
  onCompleted(call: CompletedCall): void;
}

/** Response to a call, and its record. */
interface Outcome {
  /** `undefined` closes the connection. */
  readonly response: ApiResponse | undefined;
  readonly status: number;
  readonly json: unknown;
}

/** HTTP server of the simulated API on 127.0.0.1: routes, API key, errors in Google's form, and faults of calls. */
export class ApiServer {
  readonly #server: Server;
  readonly #closing = new AbortController();
  #host: ApiServerHost | undefined;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    // Large uploads may take long.
    this.#server.requestTimeout = 0;
  }

  /** Listens; responds with 503 until `open`. @throws the error of `listen` */
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
    const route = host?.routes.find((candidate) => candidate.method === message.method && candidate.path.test(path));
    const operation = route?.operation ?? 'unknown';
    let outcome: Outcome;
    try {
      if (!host) throw new ApiError(503, 'UNAVAILABLE', 'The simulator is starting.');
      outcome = await this.#handle(host, requestOf(message, path, route?.path), route, path);
    } catch (error) {
      outcome = refusal(error instanceof ApiError ? error : internalError(error));
    }
    if (this.#closing.signal.aborted) return;
    host?.onCompleted({ operation, path, status: outcome.status, json: outcome.json });
    await write(outcome.response, response);
    message.resume();
  }

  async #handle(host: ApiServerHost, request: ApiRequest, route: ApiRoute | undefined, path: string): Promise<Outcome> {
    if (!route) throw new ApiError(404, 'NOT_FOUND', `The simulator has nothing at ${path}.`);
    if (!host.withoutKey.has(route.operation)) checkApiKey(host.apiKey, request);
    const { delayMs, error } = host.faultOf(route.operation);
    if (delayMs > 0) await pause(delayMs, undefined, { signal: this.#closing.signal });
    if (error === undefined || error.afterEffect) {
      const response = await route.handle(request);
      if (error === undefined) return outcomeOf(response);
      discard(response);
    }
    if (error.refusal === undefined) return { response: undefined, status: 0, json: undefined };
    throw error.refusal;
  }
}

function pathOf(message: IncomingMessage): string {
  return new URL(message.url ?? '/', 'http://127.0.0.1').pathname;
}

async function write(response: ApiResponse | undefined, to: ServerResponse): Promise<void> {
  if (response === undefined) {
    to.destroy();
    return;
  }
  const status = response.status ?? 200;
  if ('json' in response) {
    const headers = { 'content-type': 'application/json; charset=UTF-8', ...response.headers };
    to.writeHead(status, headers).end(JSON.stringify(response.json));
  } else if (Buffer.isBuffer(response.body)) {
    to.writeHead(status, response.headers).end(response.body);
  } else {
    to.writeHead(status, response.headers);
    // A client may abort a download; `pipeline` then destroys the source.
    await pipeline(response.body, to).catch(() => {});
  }
}

function outcomeOf(response: ApiResponse): Outcome {
  return {
    response,
    status: response.status ?? 200,
    json: 'json' in response ? response.json : { id: response.id },
  };
}

function refusal({ code, headers, body }: ApiError): Outcome {
  return { response: { status: code, headers, json: { error: body } }, status: code, json: undefined };
}

/** Returns a bug of the simulator to the caller, which is a test. */
function internalError(error: unknown): ApiError {
  return new ApiError(
    500,
    'INTERNAL',
    `The simulator failed: ${error instanceof Error ? error.message : String(error)}`,
  );
}

function discard(response: ApiResponse): void {
  if ('body' in response && response.body instanceof Readable) response.body.destroy();
}

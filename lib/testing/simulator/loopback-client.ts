import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { clearTimeout, setTimeout } from 'node:timers';
import { messageOf } from '../../errors.js';
import { isLoopback } from '../../shared/is-loopback.js';

/** Timeout of a receiver, from the time that it has the connection. */
const TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 128;

/** Response of a receiver. */
export interface PostOutcome {
  /** HTTP status; `undefined` without a response. */
  readonly status: number | undefined;
  /** Reason for a missing response. */
  readonly error?: string;
}

/** Posts only to receivers on this machine. Does not follow redirects. */
export class LoopbackClient {
  readonly #http = new HttpAgent({ maxSockets: MAX_CONNECTIONS });
  readonly #https = new HttpsAgent({ maxSockets: MAX_CONNECTIONS });
  readonly #open = new Set<ClientRequest>();

  /** Never rejects. */
  post(url: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<PostOutcome> {
    const target = new URL(url);
    if (!isLoopback(target.hostname)) {
      return Promise.resolve({
        status: undefined,
        error: 'not on this machine: the simulator delivers to loopback only',
      });
    }
    const isHttps = target.protocol === 'https:';
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'content-length': String(body.length) },
      agent: isHttps ? this.#https : this.#http,
    };
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (outcome: PostOutcome) => {
        clearTimeout(timer);
        this.#open.delete(request);
        resolve(outcome);
      };
      const request = (isHttps ? httpsRequest : httpRequest)(target, options, (response) => {
        const status = response.statusCode;
        response.on('end', () => settle({ status })).on('error', (error) => settle(failure(error)));
        response.resume();
      });
      this.#open.add(request);
      request.on('error', (error) => settle(failure(error)));
      request.on('socket', () => {
        timer = setTimeout(() => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      });
      request.end(body);
    });
  }

  /** Aborts open requests, which resolve without a status. */
  close(): void {
    for (const request of this.#open) request.destroy();
    this.#http.destroy();
    this.#https.destroy();
  }
}

function failure(error: Error): PostOutcome {
  return { status: undefined, error: (error as NodeJS.ErrnoException).code ?? messageOf(error) };
}

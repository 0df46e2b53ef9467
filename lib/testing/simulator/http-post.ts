import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { clearTimeout, setTimeout } from 'node:timers';
import { messageOf } from '../../errors.js';

/** How long a receiver may take, from when it has the connection. */
const TIMEOUT_MS = 10_000;
const CONNECTIONS_AT_ONCE = 128;

/** What a receiver answered. */
export interface PostOutcome {
  /** `undefined`: it did not answer. */
  readonly status: number | undefined;
  /** Why it did not. */
  readonly error?: string;
}

/** Posts to receivers on this machine, and to no other. Redirects are not followed. */
export class LoopbackClient {
  readonly #http = new HttpAgent({ maxSockets: CONNECTIONS_AT_ONCE });
  readonly #https = new HttpsAgent({ maxSockets: CONNECTIONS_AT_ONCE });
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
        response.on('end', () => settle({ status })).on('error', (error) => settle(unanswered(error)));
        response.resume();
      });
      this.#open.add(request);
      request.on('error', (error) => settle(unanswered(error)));
      request.on('socket', () => {
        timer = setTimeout(() => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      });
      request.end(body);
    });
  }

  /** Ends what is under way: it settles as unanswered. */
  close(): void {
    for (const request of this.#open) request.destroy();
    this.#http.destroy();
    this.#https.destroy();
  }
}

function unanswered(error: Error): PostOutcome {
  return { status: undefined, error: (error as NodeJS.ErrnoException).code ?? messageOf(error) };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

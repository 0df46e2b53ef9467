import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { StaticWebhook } from '../../../lib/index.js';
import { GeminiSimulator } from '../../../lib/testing/index.js';

/** Proxy between the simulator and the processes that records every signing secret. */
export class WatchedGemini {
  readonly simulator: GeminiSimulator;
  readonly apiKey: string;
  /** Every secret, in the order of creation. */
  readonly secrets: string[] = [];
  /** Milliseconds between the creation of a secret and the response that contains it. */
  sayAfterMs = 0;
  readonly #server = createServer(async (request, response) => {
    const sent = await buffer(request);
    const answer = await fetch(`${this.simulator.baseUrl}${request.url}`, {
      method: request.method!,
      headers: Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === 'string' && !/^(host|connection|content-length)$/.test(name) ? [[name, value]] : [],
      ),
      ...(sent.length > 0 && { body: sent }),
    });
    const body = await answer.text();
    await this.#watch(body);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
  });

  private constructor(simulator: GeminiSimulator) {
    this.simulator = simulator;
    this.apiKey = simulator.apiKey;
  }

  static async start(): Promise<WatchedGemini> {
    const gemini = new WatchedGemini(await GeminiSimulator.start({ time: 'real' }));
    await once(gemini.#server.listen(0, '127.0.0.1'), 'listening');
    return gemini;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Secret that Gemini currently signs with. */
  currentOf({ secrets }: StaticWebhook): string {
    const { truncated } = secrets.find(({ expiresAt }) => expiresAt === undefined)!;
    return this.secrets.find((secret) => secret.startsWith(truncated.replace('...', '')))!;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.simulator.close();
  }

  async #watch(body: string): Promise<void> {
    const { new_signing_secret: created, secret: rotated } = JSON.parse(body) as Record<string, string | undefined>;
    const secret = created ?? rotated;
    if (secret === undefined) return;
    this.secrets.push(secret);
    await pause(this.sayAfterMs);
  }
}

import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Passes each request to the next of several origins, and to another one if that does not answer. */
export class Balancer {
  readonly #origins = new Set<string>();
  #turn = 0;
  readonly #server = createServer(async (incoming, response) => {
    const body = await buffer(incoming);
    const answer = await this.#pass(incoming, body);
    if (!answer) return void response.writeHead(502).end();
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });

  static async start(): Promise<Balancer> {
    const balancer = new Balancer();
    await once(balancer.#server.listen(0, '127.0.0.1'), 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  add(origin: string): void {
    this.#origins.add(origin);
  }

  remove(origin: string): void {
    this.#origins.delete(origin);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #pass(incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage | undefined> {
    const all = [...this.#origins];
    this.#turn += 1;
    for (let offset = 0; offset < all.length; offset += 1) {
      const origin = all[(this.#turn + offset) % all.length]!;
      const answer = await passTo(origin, incoming, body);
      if (answer) return answer;
    }
    return undefined;
  }
}

function passTo(origin: string, { url, method, headers }: IncomingMessage, body: Buffer) {
  return new Promise<IncomingMessage | undefined>((resolve) => {
    const outgoing = request(new URL(url ?? '/', origin), { method, headers, timeout: 20_000 }, resolve);
    outgoing.on('error', () => resolve(undefined)).on('timeout', () => void outgoing.destroy());
    outgoing.end(body);
  });
}

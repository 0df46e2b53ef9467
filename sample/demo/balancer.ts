import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LOOPBACK } from './ports.js';

/** A web process that requests can go to. */
export interface Backend {
  readonly port: number;
}

/**
 * Gives one request after the other to one backend after the other; one that takes no connection is passed over. It
 * stands for what a team has in front of its app.
 */
export class Balancer {
  readonly #server: Server;
  readonly #backends: readonly Backend[];
  #turn = 0;

  private constructor(backends: readonly Backend[]) {
    this.#backends = backends;
    this.#server = createServer((request, response) => this.#pass(request, response, this.#inTurn()));
    // Uploads and server-sent events take as long as they take.
    this.#server.requestTimeout = 0;
  }

  /** @throws what `listen` fails with */
  static async listen(port: number, backends: readonly Backend[]): Promise<Balancer> {
    const balancer = new Balancer(backends);
    await once(balancer.#server.listen(port, LOOPBACK), 'listening');
    return balancer;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** All of them, beginning with the one whose turn it is. */
  #inTurn(): Backend[] {
    const first = this.#turn++ % this.#backends.length;
    return [...this.#backends.slice(first), ...this.#backends.slice(0, first)];
  }

  #pass(request: IncomingMessage, response: ServerResponse, [backend, ...others]: readonly Backend[]): void {
    if (!backend) {
      response.writeHead(502, { 'content-type': 'text/plain' }).end('No web process answers.\n');
      return;
    }
    const { method, url: path, headers } = request;
    const passed = ask({ host: LOOPBACK, port: backend.port, method, path, headers, agent: false });
    let isConnected = false;
    passed.once('socket', (socket) =>
      socket.once('connect', () => {
        isConnected = true;
        // Not before: what is read of the body cannot be given to another.
        request.pipe(passed);
      }),
    );
    passed.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      response.flushHeaders();
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    passed.once('error', () => {
      if (response.headersSent || response.destroyed) response.destroy();
      else if (isConnected) response.writeHead(502).end();
      else this.#pass(request, response, others);
    });
    response.once('close', () => passed.destroy());
  }
}

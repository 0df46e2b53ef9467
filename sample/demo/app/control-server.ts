import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { KeptProcess } from '../kept/kept-process.js';
import { LOOPBACK } from '../ports.js';

/** What the switches on the page do. The app asks here, since what goes wrong is none of its business. */
export class ControlServer {
  readonly environment: Readonly<Record<string, string>>;
  readonly #server: Server;

  private constructor(server: Server, token: string) {
    const { port } = server.address() as AddressInfo;
    this.#server = server;
    this.environment = { SAMPLE_CONTROL_URL: `http://${LOOPBACK}:${port}`, SAMPLE_CONTROL_TOKEN: token };
  }

  static async open(simulator: KeptProcess<unknown>, killWorker: () => void): Promise<ControlServer> {
    const token = randomBytes(24).toString('base64url');
    const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const { method, url = '/', headers } = request;
      if (headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
      if (method === 'POST' && url === '/worker/kill') {
        killWorker();
        return void response.writeHead(204).end();
      }
      if (method === 'GET' && url === '/faults') {
        const faults = JSON.stringify(await simulator.ask('GET', url));
        return void response.writeHead(200, { 'content-type': 'application/json' }).end(faults);
      }
      if (method !== 'PUT' || !url.startsWith('/faults/')) return void response.writeHead(404).end();
      await simulator.ask('PUT', url, (await json(request)) as object);
      response.writeHead(204).end();
    };
    const server = createServer((request, response) => {
      serve(request, response).catch(() => response.writeHead(502).end());
    });
    await once(server.listen(0, LOOPBACK), 'listening');
    return new ControlServer(server, token);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

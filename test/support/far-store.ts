import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** Proxy between an app and its store that adds latency and keeps the order. */
export class FarStore {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#connect(client));
  readonly #store: URL;
  readonly #oneWayMs: number;

  /** @param roundTripMs duration of the shortest request */
  constructor(store: string, { roundTripMs }: { readonly roundTripMs: number }) {
    this.#store = new URL(store);
    this.#oneWayMs = roundTripMs / 2;
  }

  /** Starts listening, and returns the store's URL through this proxy. */
  async start(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    const url = new URL(this.#store);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #connect(client: Socket): void {
    const port = this.#store.port || (this.#store.protocol.startsWith('redis') ? '6379' : '5432');
    const store = createConnection({ host: this.#store.hostname, port: Number(port) });
    for (const [from, to] of [
      [client, store],
      [store, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (chunk) => setTimeout(() => to.write(chunk), this.#oneWayMs));
      from.on('error', () => undefined).on('close', () => this.#sockets.delete(from));
      from.on('close', () => to.destroy());
    }
  }
}

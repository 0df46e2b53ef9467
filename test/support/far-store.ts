import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between an app and its store as a long way does: what is sent arrives, in order, some time later. */
export class FarStore {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#connect(client));
  readonly #store: URL;
  readonly #oneWayMs: number;

  /** @param roundTripMs how long the shortest request takes */
  constructor(store: string, { roundTripMs }: { readonly roundTripMs: number }) {
    this.#store = new URL(store);
    this.#oneWayMs = roundTripMs / 2;
  }

  /** Begins to listen, and returns the store's URL by this way. */
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

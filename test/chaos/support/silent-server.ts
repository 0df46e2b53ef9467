import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between an app and its store, and can fall silent: connections stay, new ones are accepted, nothing is answered. */
export class SilentServer {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#connect(client));
  readonly #store: URL | undefined;
  #silent = false;

  /** @param store what it passes on to; without one it has never anything to say */
  constructor(store?: string) {
    this.#store = store === undefined ? undefined : new URL(store);
  }

  async start(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  /** The store's URL with this server in its place. */
  url(store: string): string {
    const url = new URL(store);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Whether it is silent. What it did not pass on is lost, as are the connections of that time. */
  set silent(silent: boolean) {
    this.#silent = silent;
    if (!silent) for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #connect(client: Socket): void {
    this.#keep(client);
    if (!this.#store || this.#silent) return void client.resume();
    const store = this.#keep(createConnection({ host: this.#store.hostname, port: Number(this.#store.port) }));
    for (const [from, to] of [
      [client, store],
      [store, client],
    ] as const) {
      from.on('data', (chunk) => !this.#silent && to.write(chunk));
      from.on('close', () => to.destroy());
    }
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    return socket;
  }
}

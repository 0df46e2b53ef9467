import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** Proxy between an app and its store that can fall silent: it keeps and accepts connections but sends nothing. */
export class SilentServer {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#connect(client));
  readonly #store: URL | undefined;
  #silent = false;

  /** @param store server behind the proxy; without one it never sends anything */
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

  /** True while it is silent. Data and connections of that time are lost. */
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

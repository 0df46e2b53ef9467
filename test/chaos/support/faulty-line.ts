import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** Proxy between apps and their store that can be cut, stalled, slowed down or moved to another server. */
export class FaultyLine {
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #server = createServer((client) => this.#connect(client));
  #store: URL;
  #state: 'open' | 'cut' | 'stalled' = 'open';
  /** Delay of each direction, which keeps the order. */
  delayMs = 0;

  constructor(store: string) {
    this.#store = new URL(store);
  }

  /** Starts listening, and returns the store's URL through this proxy. */
  async start(host = '127.0.0.1'): Promise<string> {
    await once(this.#server.listen(0, host), 'listening');
    const url = new URL(this.#store);
    url.hostname = host;
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Closes all connections and refuses new ones until `open` is called. */
  cut(): void {
    this.#state = 'cut';
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Keeps all connections and accepts new ones. Data arrives once `open` is called. */
  stall(): void {
    this.#state = 'stalled';
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Passes new connections to another server, and closes those to the old one. */
  moveTo(store: string): void {
    this.#store = new URL(store);
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  open(): void {
    this.#state = 'open';
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  stop(): void {
    this.cut();
    this.#server.close();
  }

  #connect(client: Socket): void {
    if (this.#state === 'cut') return void client.destroy();
    const store = createConnection({ host: this.#store.hostname, port: Number(this.#store.port) });
    const pair = [client, store] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [store, client]] as const) {
      from.on('data', (chunk) => this.#pass(chunk, to)).on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      if (this.#state === 'stalled') from.pause();
    }
  }

  #pass(chunk: Buffer, to: Socket): void {
    if (this.delayMs === 0) to.write(chunk);
    else setTimeout(() => to.write(chunk), this.delayMs);
  }
}

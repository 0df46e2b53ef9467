import { Socket } from 'node:net';

/** The sockets of a store's connections. BullMQ leaves one open that is still connecting when its worker or relay is closed. */
export class OpenSockets {
  readonly #sockets = new Set<Socket>();
  #closed = false;

  /** What pg takes as `stream`. */
  readonly open = (): Socket => {
    if (this.#closed) throw new Error('the inbox is closed');
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  };

  /** Ends what is still open, and opens no more. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

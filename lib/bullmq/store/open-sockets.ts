import { Socket } from 'node:net';

/** Tracks a store's sockets, because BullMQ leaves a socket that is still connecting open when it closes its worker or relay. */
export class OpenSockets {
  readonly #sockets = new Set<Socket>();
  #closed = false;

  /** Pass to pg as `stream`. */
  readonly open = (): Socket => {
    if (this.#closed) throw new Error('the inbox is closed');
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  };

  /** Destroys the open sockets and opens no more. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

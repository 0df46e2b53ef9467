import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CLOSED, type Attack } from './attack.js';

/** A response as it came over the connection. */
export interface WireAnswer {
  readonly status: number;
  /** True if the server closes the connection after it. */
  readonly isLast?: boolean;
  /** Without the headers. */
  readonly body: string;
}

const NO_ANSWER: WireAnswer = { status: CLOSED, body: '' };

/** How long a response may take before it counts as missing. Far more than it ever takes. */
const PATIENCE_MS = 60_000;

/** A client's connection, written to as bytes. It is opened anew after it was closed. */
export class Wire {
  readonly #port: number;
  #socket: Socket | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends one attack and resolves with the response; `undefined` if the attack waits for none. */
  async send({ pieces, after, isHead = false }: Attack): Promise<WireAnswer | undefined> {
    const socket = await this.#open();
    const answer = after === 'cuts' ? undefined : answerOn(socket, isHead);
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await nextTurn();
      if (!socket.destroyed) socket.write(piece);
    }
    if (after === 'cuts') await nextTurn();
    const received = await answer;
    if (after !== 'continues' || received?.isLast || socket.destroyed) this.close();
    return received;
  }

  /** Writes bytes without waiting for anything. */
  async write(bytes: Buffer | string): Promise<Socket> {
    const socket = await this.#open();
    socket.write(bytes);
    return socket;
  }

  /** Closes the connection by a reset, which leaves no port behind. */
  close(): void {
    this.#socket?.resetAndDestroy();
    this.#socket = undefined;
  }

  async #open(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    return socket;
  }
}

/** Resolves with the next final response on the connection. */
export function answerOn(socket: Socket, isHead = false): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    let received = '';
    const settle = (how: () => void) => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      how();
    };
    const onData = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const answer = parsed(received, isHead);
      if (answer) settle(() => resolve(answer));
    };
    const onClose = () => settle(() => resolve(parsed(received, true) ?? NO_ANSWER));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`No response within ${PATIENCE_MS} ms, but: ${received}`))),
      PATIENCE_MS,
    );
    socket.on('data', onData).on('close', onClose);
  });
}

/** Returns the first final response if it is complete. Node's own refusals have no length and end with the connection. */
function parsed(received: string, isEnded: boolean): WireAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = received.slice(0, end);
  const rest = received.slice(end + 4);
  const status = Number(head.slice(9, 12));
  if (status < 200) return parsed(rest, isEnded);
  const answer = { status, isLast: /\r\nconnection: *close/i.test(head) };
  if (isEnded) return { ...answer, body: rest };
  if (/\r\ntransfer-encoding: *chunked/i.test(head))
    return rest.endsWith('0\r\n\r\n') ? { ...answer, body: rest } : undefined;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Infinity);
  return rest.length < length ? undefined : { ...answer, body: rest.slice(0, length) };
}

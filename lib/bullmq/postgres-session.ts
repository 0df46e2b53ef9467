import type { Client, ClientConfig } from 'pg';
import { settlesWithin } from '../with-timeout.js';
import { REQUEST_TIMEOUT_MS } from './inbox-store.js';
import { OpenSockets } from './open-sockets.js';

/** Makes a client that fails fast, on sockets of the caller's. */
export type PostgresClientFactory = (config: Required<Pick<ClientConfig, 'stream'>>) => Client;

/** A connection of its own, for what the server ties to one. */
export class PostgresSession {
  readonly client: Client;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly ended: Promise<void>;
  readonly #sockets: OpenSockets;
  #hasEnded = false;

  private constructor(client: Client, sockets: OpenSockets) {
    this.client = client;
    this.#sockets = sockets;
    client.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      client.once('end', () => {
        this.#hasEnded = true;
        resolve();
      });
    });
  }

  /** Resolves when it is connected. */
  static async begin(makeClient: PostgresClientFactory): Promise<PostgresSession> {
    const sockets = new OpenSockets();
    const session = new PostgresSession(makeClient({ stream: sockets.open }), sockets);
    try {
      await session.client.connect();
      return session;
    } catch (error) {
      sockets.close();
      throw error;
    }
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Also when the server does not answer. */
  async end(): Promise<void> {
    await settlesWithin(this.client.end(), REQUEST_TIMEOUT_MS);
    this.#sockets.close();
  }
}

import type { Client, ClientConfig } from 'pg';
import { settlesWithin } from '../../../shared/timeouts.js';
import { REQUEST_TIMEOUT_MS } from '../inbox-store.js';
import { OpenSockets } from '../open-sockets.js';

/** Creates a client that fails fast, on the caller's sockets. */
export type PostgresClientFactory = (config: Required<Pick<ClientConfig, 'stream'>>) => Client;

/** A separate connection for state that the server ties to a session. */
export class PostgresSession {
  readonly client: Client;
  /** Resolves when the connection has ended, on either side. */
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

  /** Connects. */
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

  /** Ends the connection, even if the server does not answer. */
  async end(): Promise<void> {
    await settlesWithin(this.client.end(), REQUEST_TIMEOUT_MS);
    this.#sockets.close();
  }
}

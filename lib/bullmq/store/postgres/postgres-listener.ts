import { setTimeout as wait } from 'node:timers/promises';
import { PostgresSession, type PostgresClientFactory } from './postgres-session.js';

const RETRY_MS = { min: 250, max: 1_000 } as const;

/** Listens to a channel of PostgreSQL on its own connection and reconnects when that is lost. */
export class PostgresListener {
  readonly #newClient: PostgresClientFactory;
  readonly #channel: string;
  readonly #onConnected: () => void;
  readonly #onMessage: (payload: string) => void;
  readonly #closing = new AbortController();
  #session: PostgresSession | undefined;
  #listening: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  /** @param channel a name that needs no quoting */
  constructor(
    newClient: PostgresClientFactory,
    channel: string,
    {
      onConnected,
      onMessage,
    }: {
      /** Called after each LISTEN: messages may have been missed before. */
      readonly onConnected: () => void;
      readonly onMessage: (payload: string) => void;
    },
  ) {
    this.#newClient = newClient;
    this.#channel = channel;
    this.#onConnected = onConnected;
    this.#onMessage = onMessage;
  }

  /** Resolves when it listens for the first time. */
  start(): Promise<void> {
    this.#listening ??= new Promise((resolve) => {
      this.#running = this.#run(resolve);
    });
    return this.#listening;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#session?.end();
    await this.#running;
  }

  async #run(isListening: () => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#listen(isListening);
      } catch {
        // Ignored: reads and writes report an unavailable server.
      }
      const pauseMs = RETRY_MS.min + Math.random() * (RETRY_MS.max - RETRY_MS.min);
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when the connection is lost. */
  async #listen(isListening: () => void): Promise<void> {
    const session = await PostgresSession.begin(this.#newClient);
    this.#session = session;
    try {
      session.client.on('notification', ({ payload }) => this.#onMessage(payload ?? ''));
      await session.client.query(`LISTEN ${this.#channel}`);
      if (this.#closing.signal.aborted) return;
      this.#onConnected();
      isListening();
      await session.ended;
    } finally {
      await session.end();
    }
  }
}

import { setTimeout as wait } from 'node:timers/promises';
import { PostgresSession, type PostgresClientFactory } from './postgres-session.js';

const RETRY_MS = { least: 250, most: 1_000 } as const;

/** Hears a channel of PostgreSQL, on a connection of its own that is made again whenever it is lost. */
export class PostgresListener {
  readonly #newClient: PostgresClientFactory;
  readonly #channel: string;
  readonly #onConnected: () => void;
  readonly #onMessage: (payload: string) => void;
  readonly #closing = new AbortController();
  #session: PostgresSession | undefined;
  #listening: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  /** @param channel a name that needs no quotes */
  constructor(
    newClient: PostgresClientFactory,
    channel: string,
    {
      onConnected,
      onMessage,
    }: {
      /** It hears the channel now, and did not before. */
      readonly onConnected: () => void;
      readonly onMessage: (payload: string) => void;
    },
  ) {
    this.#newClient = newClient;
    this.#channel = channel;
    this.#onConnected = onConnected;
    this.#onMessage = onMessage;
  }

  /** Resolves when it hears the channel for the first time. */
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
        // A server that is away is seen by whoever reads or writes.
      }
      const pauseMs = RETRY_MS.least + Math.random() * (RETRY_MS.most - RETRY_MS.least);
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Until the connection is lost. */
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

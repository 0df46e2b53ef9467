import type { Client, ClientConfig, Notification, QueryResult } from 'pg';
import { EventEmitter } from 'node:events';
import type { PostgresClientClass } from './postgres-client.js';

/** Class of a client that listens on a shared session, as BullMQ's connection creates one. */
export type ListeningClientClass = new (config: ClientConfig) => ListeningClient;

/** Sets the session's name. A session has one name, and only the relay looks for sessions by name. */
const NAMES_SESSION = /^SELECT set_config\('application_name'/;

/** One session of PostgreSQL that all of a process's LISTEN clients share. It is open while one of them is. */
export class SharedListener {
  readonly #Client: PostgresClientClass;
  readonly #users = new Set<ListeningClient>();
  #session: Promise<Client> | undefined;
  #lastQuery: Promise<unknown> = Promise.resolve();

  constructor(Client: PostgresClientClass) {
    this.#Client = Client;
  }

  /** @param isNamed true for the client whose name the session gets */
  clientClass({ isNamed }: { readonly isNamed: boolean }): ListeningClientClass {
    const listener = this as SharedListener;
    return class extends ListeningClient {
      constructor(config: ClientConfig) {
        super(listener, config, isNamed);
      }
    };
  }

  /** Resolves with the session, after it has connected. */
  join(user: ListeningClient, config: ClientConfig): Promise<Client> {
    this.#users.add(user);
    this.#session ??= this.#connect(config);
    return this.#session;
  }

  /** Sends a statement after the previous one has ended: `pg` deprecates a queue of statements on one connection. */
  query(session: Client, text: string, values?: unknown[]): Promise<Pick<QueryResult, 'rows'>> {
    const result = this.#lastQuery.then(() => session.query(text, values));
    this.#lastQuery = result.catch(() => undefined);
    return result;
  }

  /** Ends the session after its last user has left. */
  async leave(user: ListeningClient): Promise<void> {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    const session = this.#session;
    this.#session = undefined;
    await (await session?.catch(() => undefined))?.end();
  }

  #connect(config: ClientConfig): Promise<Client> {
    const client = new this.#Client(config);
    // A statement on a session that was lost may never end.
    this.#lastQuery = Promise.resolve();
    const session = client.connect().then(() => client);
    const lose = (error: Error) => {
      if (this.#session !== session) return;
      this.#session = undefined;
      const users = [...this.#users];
      this.#users.clear();
      for (const user of users) user.lose(error);
      endQuietly(client);
    };
    client.on('notification', (message) => {
      for (const user of this.#users) user.emit('notification', message);
    });
    client.on('error', lose);
    client.once('end', () => lose(new Error('The connection that listens for notifications has ended.')));
    session.catch(lose);
    return session;
  }
}

function endQuietly(client: Client): void {
  client.end().catch(() => undefined);
}

/** The part of pg's client that BullMQ uses to listen. */
export class ListeningClient extends EventEmitter<{ notification: [Notification]; error: [Error] }> {
  readonly #listener: SharedListener;
  readonly #config: ClientConfig;
  readonly #isNamed: boolean;
  #session: Promise<Client> | undefined;
  #loss: Error | undefined;

  constructor(listener: SharedListener, config: ClientConfig, isNamed: boolean) {
    super();
    this.#listener = listener;
    this.#config = config;
    this.#isNamed = isNamed;
  }

  async connect(): Promise<void> {
    this.#session = this.#listener.join(this, this.#config);
    await this.#session;
  }

  async query(text: string, values?: unknown[]): Promise<Pick<QueryResult, 'rows'>> {
    if (this.#loss) throw this.#loss;
    if (!this.#isNamed && NAMES_SESSION.test(text)) return { rows: [] };
    return this.#listener.query(await this.#session!, text, values);
  }

  /** Called when the session was lost. Its owner adds a listener just after it has connected. */
  lose(error: Error): void {
    this.#loss = error;
    setImmediate(() => this.listenerCount('error') > 0 && this.emit('error', error));
  }

  async end(): Promise<void> {
    await this.#listener.leave(this);
  }
}

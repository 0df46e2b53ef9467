import type { DemoOptions } from '../options.js';
import type { Terminal } from '../terminal.js';
import { endChild, nextMessage, startChild } from './child.js';
import type { PostgresMessage } from './postgres.js';

/** The server that keeps the events. */
export interface Store {
  readonly url: string;
  /** Ends the server, when the demo has started it. */
  end(): Promise<void>;
}

/** @throws Error whose message is for whoever typed the command */
export async function openStore(inbox: DemoOptions['inbox'], terminal: Terminal): Promise<Store> {
  if (inbox instanceof URL) return { url: inbox.href, end: async () => undefined };
  terminal.print('Starting a PostgreSQL of its own …');
  const child = startChild('./postgres.js');
  const disconnect = () => endChild(child, () => child.disconnect());
  const message = await nextMessage<PostgresMessage>(child);
  if ('problem' in message) {
    await disconnect();
    throw new Error(`PostgreSQL cannot be started here: ${message.problem}. Give the URL of one: --inbox postgres://…`);
  }
  return { url: message.url, end: disconnect };
}

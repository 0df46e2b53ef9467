import type { PostgresConnection } from 'bullmq';
import { EventEmitter } from 'node:events';

/** What BullMQ makes the client with that listens. */
interface ClientMaker {
  pgModule?: { readonly Client: new (...given: unknown[]) => EventEmitter };
}

/**
 * Keeps the process alive whatever the server says, such as that it ends the connection. BullMQ listens for errors only
 * a moment after the client that listens has connected, and takes every listener off it before it ends it; a client that
 * is lent to it has none. An error then would be uncaught. Requests that fail say so themselves.
 */
export function keepErrorsHandled(connection: PostgresConnection): void {
  connection.pool.on('connect', (client) => handleErrors(client as unknown as EventEmitter));
  const maker = connection as unknown as ClientMaker;
  if (!maker.pgModule) return;
  const { Client } = maker.pgModule;
  maker.pgModule = {
    ...maker.pgModule,
    Client: class extends Client {
      constructor(...given: unknown[]) {
        super(...given);
        handleErrors(this);
      }
    },
  };
}

function handleErrors(client: EventEmitter): void {
  client.on('error', ignore);
  const removeAllListeners = client.removeAllListeners.bind(client);
  client.removeAllListeners = (...events) => {
    removeAllListeners(...events);
    if (!client.listeners('error').includes(ignore)) client.on('error', ignore);
    return client;
  };
}

function ignore(): void {}

import type { PostgresConnection } from 'bullmq';
import { EventEmitter } from 'node:events';

/**
 * Keeps the process alive whatever the server says, such as that it ends the connection. BullMQ takes every listener off
 * the client that listens before it ends it, and has none on one that is lent to it: an error then would be uncaught.
 * Requests that fail say so themselves.
 */
export function keepErrorsHandled(connection: PostgresConnection): void {
  connection.pool.on('connect', handleErrors);
  const getListenClient = connection.getListenClient.bind(connection);
  connection.getListenClient = async () => {
    const client = await getListenClient();
    handleErrors(client);
    return client;
  };
}

function handleErrors(client: unknown): void {
  if (!(client instanceof EventEmitter) || client.listeners('error').includes(ignore)) return;
  client.on('error', ignore);
  const removeAllListeners = client.removeAllListeners.bind(client);
  client.removeAllListeners = (...events) => {
    removeAllListeners(...events);
    if (!client.listeners('error').includes(ignore)) client.on('error', ignore);
    return client;
  };
}

function ignore(): void {}

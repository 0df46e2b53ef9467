import type { PostgresConnection } from 'bullmq';
import type { EventEmitter } from 'node:events';

/** The part of BullMQ's connection that creates its LISTEN client. */
interface ClientMaker {
  pgModule?: { readonly Client: ListeningClient };
}
type ListeningClient = new (...given: never[]) => EventEmitter;

/**
 * Keeps errors of a connection, such as the server closing it, from crashing the process. BullMQ adds its error listener
 * shortly after its LISTEN client has connected, removes every listener before it ends that client, and adds none to pool
 * clients. An error at such a moment would be uncaught. Failed requests reject anyway.
 *
 * @param listeningClient class of the LISTEN client, instead of pg's
 */
export function keepErrorsHandled(connection: PostgresConnection, listeningClient?: ListeningClient): void {
  connection.pool?.on('connect', (client) => handleErrors(client as unknown as EventEmitter));
  const maker = connection as unknown as ClientMaker;
  if (!maker.pgModule) return;
  const Client = (listeningClient ?? maker.pgModule.Client) as new (...given: unknown[]) => EventEmitter;
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

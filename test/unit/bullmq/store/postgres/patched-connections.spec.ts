import { afterEach, describe, expect, it } from '@jest/globals';
import { createPostgresBackend, createPostgresRelayBackend, type PostgresConnection } from 'bullmq';
import { EventEmitter } from 'node:events';
import { PatchedConnections } from '../../../../../lib/bullmq/store/postgres/patched-connections.js';

const CONNECTION = { host: '127.0.0.1', port: 9, user: 'nobody' };
const closing: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((backend) => backend.close().catch(() => undefined)));
});

describe('the patched connections of BullMQ', () => {
  it('have every private part in the installed version, of a queue and of the relay', () => {
    const queue = createPostgresBackend('queue', { connection: CONNECTION } as never);
    const relay = createPostgresRelayBackend({ connection: CONNECTION, namespace: 'relay' } as never);
    closing.push(queue, relay);
    const connections = new PatchedConnections();
    for (const connection of [queue.connection, relay['connection']]) connections.patch(connection);

    expect(connections.warnings()).toEqual([]);
  });

  it.each([
    ['pool', { pgModule: { Client: EventEmitter } }, 'a deadlock may run a handler again'],
    ['pgModule', { pool: Object.assign(new EventEmitter(), { query: async () => undefined }) }, 'may end the process'],
  ])('warn once of a version that has no %s', (part, connection, lost) => {
    const connections = new PatchedConnections();
    for (let process = 0; process < 2; process += 1) connections.patch(connection as unknown as PostgresConnection);

    expect(connections.warnings()).toEqual([
      expect.stringMatching(new RegExp(`PostgresConnection\\.${part}.*${lost}`)),
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { PostgresConnection } from 'bullmq';
import { EventEmitter } from 'node:events';
import { keepErrorsHandled } from '../../../lib/bullmq/handled-errors.js';

const ended = new Error('terminating connection due to administrator command');

function connectionOf(listenClient: EventEmitter) {
  const pool = new EventEmitter();
  const connection = { pool, getListenClient: async () => listenClient } as unknown as PostgresConnection;
  keepErrorsHandled(connection);
  return { connection, pool };
}

describe('a connection to PostgreSQL', () => {
  it('has errors of the client that listens handled, also once every listener was taken off', async () => {
    const client = new EventEmitter();
    const { connection } = connectionOf(client);
    expect(() => client.emit('error', ended)).toThrow(ended.message);

    expect(await connection.getListenClient()).toBe(client);
    client.on('error', () => undefined);
    client.removeAllListeners();

    expect(client.emit('error', ended)).toBe(true);
  });

  it('has them handled once, however often the client is asked for', async () => {
    const client = new EventEmitter();
    const { connection } = connectionOf(client);
    for (let time = 0; time < 20; time += 1) await connection.getListenClient();

    expect(client.listenerCount('error')).toBe(1);
  });

  it('has errors of every client of its pool handled', () => {
    const client = new EventEmitter();
    const { pool } = connectionOf(new EventEmitter());
    pool.emit('connect', client);

    expect(client.emit('error', ended)).toBe(true);
  });

  it('leaves other listeners as they are', async () => {
    const client = new EventEmitter();
    const { connection } = connectionOf(client);
    await connection.getListenClient();
    const heard: unknown[] = [];
    const listener = (what: unknown) => heard.push(what);
    client.on('notification', listener).on('error', listener);
    client.emit('error', ended);
    client.removeListener('error', listener).removeAllListeners('notification');
    client.emit('notification', 'too late');
    client.emit('error', ended);

    expect(heard).toEqual([ended]);
  });
});

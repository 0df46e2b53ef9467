import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createPostgresBackend } from 'bullmq';
import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { keepErrorsHandled } from '../../../../../lib/bullmq/store/postgres/handled-errors.js';

const ended = new Error('terminating connection due to administrator command');

const message = (type: string, body: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const AUTHENTICATED = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const TERMINATED = message('E', Buffer.from(`SFATAL\0VFATAL\0C57P01\0M${ended.message}\0\0`));

/** A server that closes every connection as soon as it is ready. */
let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(Buffer.concat([AUTHENTICATED, READY, TERMINATED])));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
});

function connection() {
  const { port } = server.address() as AddressInfo;
  const backend = createPostgresBackend('queue', { connection: { host: '127.0.0.1', port, user: 'nobody' } } as never);
  backend.on('error', () => undefined);
  keepErrorsHandled(backend.connection);
  return backend.connection;
}

describe('a connection to PostgreSQL', () => {
  it('survives when the server ends the LISTEN client as soon as it is ready', async () => {
    const client = (await connection().getListenClient()) as unknown as EventEmitter;

    expect(client.emit('error', ended)).toBe(true);
  });

  it('handles errors of that client even after all listeners were removed', async () => {
    const client = (await connection().getListenClient()) as unknown as EventEmitter;
    const heard: unknown[] = [];
    client.on('error', (error) => heard.push(error));
    client.removeAllListeners();
    client.removeAllListeners('error');

    expect(client.emit('error', ended)).toBe(true);
    expect(heard).toEqual([]);
    expect(client.listenerCount('error')).toBe(1);
  });

  it('keeps other listeners', async () => {
    const client = (await connection().getListenClient()) as unknown as EventEmitter;
    const heard: unknown[] = [];
    const listener = (what: unknown) => heard.push(what);
    client.on('notification', listener).on('error', listener);
    client.emit('error', ended);
    client.removeListener('error', listener).removeAllListeners('notification');
    client.emit('notification', 'too late');
    client.emit('error', ended);

    expect(heard).toEqual([ended]);
  });

  it('handles errors of every client of its pool', () => {
    const client = new EventEmitter();
    (connection().pool as unknown as EventEmitter).emit('connect', client);

    expect(client.emit('error', ended)).toBe(true);
  });
});

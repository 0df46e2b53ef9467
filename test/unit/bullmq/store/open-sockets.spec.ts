import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { OpenSockets } from '../../../../lib/bullmq/store/open-sockets.js';

describe("the sockets of a store's connections", () => {
  let server: Server;
  let sockets: OpenSockets;

  beforeEach(async () => {
    server = createServer((socket) => socket.resume());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    sockets = new OpenSockets();
  });

  afterEach(() => {
    server.close();
  });

  const open = () => sockets.open().connect((server.address() as AddressInfo).port, '127.0.0.1');

  it('are destroyed together, including those that are still connecting', async () => {
    const connected = open();
    await once(connected, 'connect');
    const all = [connected, open(), sockets.open()];
    sockets.close();

    expect(all.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
  });

  it('cannot be opened after they were destroyed', () => {
    sockets.close();

    expect(() => sockets.open()).toThrow('the inbox is closed');
  });

  it('can be destroyed again, and after they have closed themselves', async () => {
    const socket = open();
    await once(socket, 'connect');
    socket.destroy();
    await once(socket, 'close');
    sockets.close();
    sockets.close();

    expect(socket.destroyed).toBe(true);
  });
});

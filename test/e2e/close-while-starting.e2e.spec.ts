import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import type { InboxHost } from '../../lib/inbox/inbox-engine.js';
import { moduleOf } from '../support/apps.js';
import { deferred } from '../support/deferred.js';
import { EVENTS, MemoryStore, NAME, URI, webhooksOf } from '../support/endpoints.js';
import { handlerOf } from '../support/durable.js';
import { closeSimulators, startGemini } from '../support/jobs.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { staticWebhooks } from '../support/static-webhooks.js';

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  await closeSimulators();
});

/** A store that accepts connections and never answers. */
async function silentStore() {
  const accepted: Socket[] = [];
  const server = createServer((socket) => void accepted.push(socket.on('error', () => undefined)));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    /** Returns how many connections were opened before this call: a server accepts them in order. */
    async connections(): Promise<number> {
      const probe = createConnection(port, '127.0.0.1');
      await once(probe, 'connect');
      const place = () => accepted.findIndex(({ remotePort }) => remotePort === probe.localPort);
      while (place() === -1) await once(server, 'connection');
      sockets.push(probe, ...accepted);
      return place();
    },
  };
}

const host: InboxHost = {
  registration: 'default',
  toleranceSeconds: 300,
  handlers: () => [],
  dispatch: async () => ({ retryable: [], final: [] }),
  announce: () => undefined,
};

describe.each(['redis', 'postgres'])('a durable inbox on %s', (scheme) => {
  it('opens no connection if it is closed while it starts', async () => {
    const store = await silentStore();
    const inbox = bullmqInbox({ url: `${scheme}://127.0.0.1:${store.port}` })(host);
    const started = inbox.start?.();
    await inbox.close();
    await started;

    expect(await store.connections()).toBe(0);
    expect(await inbox.health?.()).toMatchObject({ store: 'closed', worker: 'stopped' });
  });

  it('opens no connection if it is started after it was closed', async () => {
    const store = await silentStore();
    const inbox = bullmqInbox({ url: `${scheme}://127.0.0.1:${store.port}` })(host);
    await inbox.close();
    await inbox.start?.();

    expect(await store.connections()).toBe(0);
  });
});

describe('an app that is closed while another provider starts', () => {
  it('starts nothing afterwards: no inbox, no static webhook, no log line', async () => {
    const [reached, gate] = [deferred(), deferred()];
    const gemini = await startGemini();
    const calls: string[] = [];

    @Injectable()
    class Database implements OnModuleInit {
      async onModuleInit() {
        reached.resolve();
        await gate.promise;
      }
    }

    const module = moduleOf({
      imports: [
        staticWebhooks({
          publicUrl: new URL(URI).origin,
          gemini: gemini.clientOptions,
          endpoint: { name: NAME, events: EVENTS, secretStore: new MemoryStore() },
          inbox: () => ({
            start: async () => void calls.push('start'),
            accept: async () => ({ status: 'accepted', httpStatus: 202 }),
            close: async () => void calls.push('close'),
          }),
        }),
      ],
      providers: [Database, handlerOf('one')],
    });
    const logger = new RecordingLogger();
    const app = await NestFactory.create(module, { logger, abortOnError: false });
    const started = app.init();
    await reached.promise;
    const closed = app.close();
    // Nest waits for no more than a few ticks here, if at all.
    await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await Promise.all([started, closed]);

    expect(calls).toEqual(['close']);
    expect(await webhooksOf(gemini)).toEqual([]);
    expect(logger.of('log').filter((line) => line.includes('Mapped {*}'))).toEqual([]);
  });
});

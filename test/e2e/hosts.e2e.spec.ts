import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import express from 'express';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import type { GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { ADAPTERS, closeApps, moduleOf, startApp, type AdapterCase } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver, type Receiver } from '../support/receiver.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { bodyOf, withHmac } from '../support/senders.js';
import { until } from '../support/until.js';

const PATH = '/gemini/webhooks';
const body = bodyOf('batch.succeeded', { id: 'b1' });

const apps: INestApplication[] = [];
const servers: Server[] = [];

afterEach(async () => {
  await closeApps();
  await Promise.all(apps.splice(0).map((app) => app.close()));
  for (const server of servers.splice(0)) server.close();
});

/** An app that receives its requests from another server. */
async function initialized(own: Receiver, { create }: AdapterCase) {
  const app = await NestFactory.create<INestApplication>(moduleOf(own.metadata), await create(), { logger: false });
  apps.push(app);
  await app.init();
  if (create === ADAPTERS[1].create) await (app as NestFastifyApplication).getHttpAdapter().getInstance().ready();
  return app;
}

async function listening(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const HANDLERS = {
  Express: (app: INestApplication) => app.getHttpAdapter().getInstance() as RequestListener,
  Fastify: (app: INestApplication) => {
    const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance();
    return fastify.routing as RequestListener;
  },
};

describe.each(ADAPTERS)('a host that keeps the bytes in rawBody, in front of $adapter', (adapter) => {
  /** Like Cloud Functions and Firebase: an Express app that parses the body, keeps it and passes the request on. */
  const cloudFunction = async (own: Receiver) => {
    const handle = HANDLERS[adapter.adapter](await initialized(own, adapter));
    const framework = express();
    framework.use(
      express.json({ verify: (request, _response, bytes) => Object.assign(request, { rawBody: bytes }) }),
      (request: IncomingMessage, response: Parameters<RequestListener>[1]) => handle(request as never, response),
    );
    return listening(framework);
  };

  it('has its deliveries accepted', async () => {
    const own = receiver();
    const origin = await cloudFunction(own);

    const answer = await post(`${origin}${PATH}`, withHmac(own.secret, body));

    expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }]);
    expect(own.events).toHaveLength(1);
  });

  it('has forged and oversized deliveries refused', async () => {
    const own = receiver({ bodyLimitBytes: 1000 });
    const origin = await cloudFunction(own);

    const forged = await post(`${origin}${PATH}`, withHmac(receiver().secret, body));
    const large = bodyOf('batch.succeeded', { id: 'b', pad: 'x'.repeat(1000) });
    const tooLarge = await post(`${origin}${PATH}`, withHmac(own.secret, large));

    expect([forged.status, tooLarge.status]).toEqual([401, 413]);
    expect(own.events).toEqual([]);
  });

  it('may leave nothing to read', async () => {
    const own = receiver({ bodyTimeoutMs: 200 });
    const handle = HANDLERS[adapter.adapter](await initialized(own, adapter));
    // The stream has no data: only rawBody has the bytes.
    const origin = await listening((request, response) => {
      const silent = Object.assign(new Readable({ read: () => undefined }), {
        method: request.method,
        url: request.url,
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        httpVersion: request.httpVersion,
        httpVersionMajor: request.httpVersionMajor,
        httpVersionMinor: request.httpVersionMinor,
        socket: request.socket,
        connection: request.socket,
        complete: false,
        rawBody: Buffer.from(body),
      });
      request.resume();
      handle(silent as unknown as IncomingMessage & never, response);
    });

    const answer = await post(`${origin}${PATH}`, withHmac(own.secret, body));

    expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }]);
    expect(own.events).toHaveLength(1);
  });
});

describe("a delivery through Fastify's app.inject()", () => {
  const injected = async (own: Receiver, payload: Readable | string, headers: Record<string, string> = {}) => {
    const app = (await initialized(own, ADAPTERS[1])) as NestFastifyApplication;
    return app.inject({
      method: 'POST' as const,
      url: PATH,
      headers: { ...withHmac(own.secret, body).headers, ...headers },
      payload,
    });
  };

  it.each([
    ['as text', () => body],
    ['as a stream of one chunk', () => Readable.from([Buffer.from(body)])],
    ['as a stream of many chunks', () => Readable.from([...body].map((one) => Buffer.from(one)))],
  ])('%s is accepted', async (_how, payload) => {
    const own = receiver();

    const answer = await injected(own, payload());

    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'processed' }]);
    expect(own.events).toHaveLength(1);
  });

  it.each([
    ['that never begins', () => beginning('')],
    ['that stalls', () => beginning('{')],
  ])('as a stream %s gets 408 and is dropped, and the process keeps running', async (_how, payload) => {
    const own = receiver({ bodyTimeoutMs: 50 });

    const answer = await injected(own, payload(), { 'content-length': '500' });
    await until(() => answer.raw.req.destroyed);

    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([408, 'request_timeout']);
    expect(own.events).toEqual([]);
  });

  it('as a stream that is too long and never ends gets 413 and is dropped', async () => {
    const own = receiver({ bodyTimeoutMs: 50, bodyLimitBytes: 10 });

    const answer = await injected(own, beginning(body));
    await until(() => answer.raw.req.destroyed);

    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([413, 'body_too_large']);
  });
});

/** A stream that never ends. */
function beginning(text: string): PassThrough {
  const stream = new PassThrough();
  if (text !== '') stream.write(text);
  return stream;
}

describe.each(ADAPTERS)('a request target in absolute form on $adapter', (adapter) => {
  it.each([
    ['http://host.example', PATH],
    ['HTTP://host.example:8080', `${PATH}?x=1`],
    ['https://user:pass@host.example', PATH],
  ])('matches our route: %s%s', async (base, path) => {
    const own = receiver();
    const { origin } = await startApp(own.metadata, { adapter });

    expect(await statusOf(origin, `${base}${path}`, own.secret)).toBe(200);
    expect(own.events).toHaveLength(1);
  });

  it('that names another route does not match ours', async () => {
    const own = receiver();
    const { origin } = await startApp(own.metadata, { adapter });

    expect(await statusOf(origin, `http://host.example/other?${PATH}`, own.secret)).toBe(404);
    expect(own.events).toEqual([]);
  });
});

/** Sends a delivery with a hand-written request line, because no Node client sends an absolute target to a server. */
async function statusOf(origin: string, target: string, secret: string): Promise<number> {
  const { headers } = withHmac(secret, body);
  const lines = Object.entries({ ...headers, host: 'host.example', 'content-length': String(body.length) });
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.write(
    `POST ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}connection: close\r\n\r\n${body}`,
  );
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Number(Buffer.concat(chunks).toString().split(' ', 2)[1]);
}

/** Represents a third-party adapter, such as one for Koa or Hono. */
class KoaAdapter extends ExpressAdapter {
  override getType() {
    return 'koa';
  }
}

describe('an adapter that is neither Express nor Fastify', () => {
  const koa = { ...ADAPTERS[0], create: () => Promise.resolve(new KoaAdapter()) };

  const start = async (options: GeminiWebhooksModuleOptions, application: NestApplicationOptions = {}) => {
    const logger = new RecordingLogger();
    const own = receiver(options);
    const { origin } = await startApp(own.metadata, { adapter: koa, options: { logger, ...application } });
    return { ...own, origin, logger, warnings: () => logger.of('warn').filter((line) => line.includes('KoaAdapter')) };
  };

  it('causes one warning at start that names it', async () => {
    const { warnings } = await start({});

    expect(warnings()).toEqual([
      expect.stringMatching(/KoaAdapter \(type "koa"\).*neither Express nor Fastify.*rawBody/),
    ]);
  });

  it('causes no warning without a route', async () => {
    const { warnings } = await start({ controller: false });

    expect(warnings()).toEqual([]);
  });

  it('is named when its deliveries are refused, and no parser is blamed', async () => {
    const { secret, origin, logger } = await start({});

    const answer = await post(`${origin}${PATH}`, withHmac(secret, body));

    expect([answer.status, answer.body['code']]).toEqual([500, 'raw_body_unavailable']);
    const refusal = logger.of('warn').find((line) => line.includes('Refused a delivery'));
    expect(refusal).toMatch(/KoaAdapter \(type "koa"\)/);
    expect(logger.text).not.toMatch(/express\.json/);
  });

  it('has its deliveries accepted if it keeps the bytes in rawBody', async () => {
    const { secret, origin, events } = await start({}, { rawBody: true });

    expect((await post(`${origin}${PATH}`, withHmac(secret, body))).status).toBe(200);
    expect(events).toHaveLength(1);
  });
});

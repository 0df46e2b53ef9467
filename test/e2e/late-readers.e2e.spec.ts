import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication, Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import express from 'express';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { middlewareModule } from '../support/access-log.js';
import { ADAPTERS, closeApps, startApp, type AdapterCase } from '../support/apps.js';
import { EMPTY_READERS, FAILING_READERS, WAITING_READERS, type BodyReader } from '../support/late-readers.js';
import { answerTo, beginPost } from '../support/raw-http.js';
import { receiver } from '../support/receiver.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { bodyOf, withHmac } from '../support/senders.js';

const body = bodyOf('batch.succeeded', { id: 'b1' });

/** Installs a reader of the app after our capture. */
type Install = (app: INestApplication, read: BodyReader) => void;

const middleware: Install = (app, read) =>
  app.use((request: IncomingMessage, _response: unknown, next: (error?: unknown) => void) => {
    read(request).then(() => next(), next);
  });

const hook =
  (name: 'preParsing' | 'preValidation' | 'preHandler'): Install =>
  (app, read) => {
    const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance();
    const done = async (request: { readonly raw: IncomingMessage }) => {
      await read(request.raw);
    };
    if (name === 'preParsing') fastify.addHook(name, (request) => done(request) as Promise<never>);
    else fastify.addHook(name, (request) => done(request));
  };

const PLACES: readonly (readonly [string, AdapterCase, Install])[] = [
  ['an Express middleware', ADAPTERS[0], middleware],
  ['a preParsing hook of Fastify', ADAPTERS[1], hook('preParsing')],
  ['a preValidation hook of Fastify', ADAPTERS[1], hook('preValidation')],
  ['a preHandler hook of Fastify', ADAPTERS[1], hook('preHandler')],
];

afterEach(closeApps);

async function start(adapter: AdapterCase, configure: (app: INestApplication) => void, ...imports: Type[]) {
  const logger = new RecordingLogger();
  const own = receiver({ bodyTimeoutMs: 50 });
  const metadata = { ...own.metadata, imports: [...own.metadata.imports, ...imports] };
  const { app, origin } = await startApp(metadata, { adapter, options: { logger }, configure });
  const refusals = () => logger.of('warn').filter((line) => line.includes('Refused a delivery'));
  return { ...own, server: app.getHttpServer() as Server, url: `${origin}/gemini/webhooks`, refusals };
}

/** @param packets 1 sends the whole body at once, 2 sends the rest once the server has the first part */
async function deliver(server: Server, url: string, secret: string, packets: number) {
  const sent = beginPost(url, { ...withHmac(secret, body).headers, 'content-length': String(body.length) });
  const arrived = once(server, 'request');
  if (packets > 1) {
    sent.write(body.slice(0, 5));
    await arrived;
  }
  sent.end(body.slice(packets > 1 ? 5 : 0));
  return answerTo(sent);
}

/** A middleware of a module, whose errors Nest itself answers. */
const moduleThatReads = (read: BodyReader) =>
  middlewareModule((request, _response, next) => read(request).then(() => next()));

describe('an Express middleware of a module that reads the body after our capture', () => {
  it.each(WAITING_READERS)('times out, gets 500 and is logged: %s', async (_how, read) => {
    const { server, secret, url, refusals } = await start(ADAPTERS[0], () => undefined, moduleThatReads(read));

    const answer = await deliver(server, url, secret, 2);

    expect([answer.status, answer.body['code']]).toEqual([500, 'raw_body_unavailable']);
    expect(refusals()).toEqual([expect.stringContaining('A middleware or hook of the app')]);
  });

  it.each(FAILING_READERS)('gets 500 from Nest: %s', async (_how, read) => {
    const { server, secret, url, events } = await start(ADAPTERS[0], () => undefined, moduleThatReads(read));

    expect((await deliver(server, url, secret, 2)).status).toBe(500);
    expect(events).toEqual([]);
  });
});

describe('a body that one middleware read before our capture and another waits for', () => {
  const server = () => {
    const instance = express();
    instance.use((request, _response, next) => {
      request.on('data', () => undefined).on('end', () => next());
    });
    return { ...ADAPTERS[0], create: () => Promise.resolve(new ExpressAdapter(instance)) };
  };

  it.each(WAITING_READERS)('times out, gets 500 and is logged: %s', async (_how, read) => {
    const started = await start(server(), (app) => middleware(app, read));

    const answer = await deliver(started.server, started.url, started.secret, 2);

    expect([answer.status, answer.body['code']]).toEqual([500, 'raw_body_unavailable']);
    expect(started.refusals()).toEqual([expect.stringContaining('which this module had read')]);
    expect(started.events).toEqual([]);
  });

  it.each(FAILING_READERS)('gets 500 and is logged with its own error: %s', async (_how, read) => {
    const started = await start(server(), (app) => middleware(app, read));

    const answer = await deliver(started.server, started.url, started.secret, 2);

    expect([answer.status, answer.body['code']]).toEqual([500, 'raw_body_unavailable']);
    expect(started.refusals()).toEqual([expect.stringContaining('failed to read')]);
  });
});

describe.each(PLACES)('%s that reads the body after our capture', (_where, adapter, install) => {
  describe.each([1, 2])('in %i packets', (packets) => {
    it.each(WAITING_READERS)('times out, gets 500 and is logged: %s', async (_how, read) => {
      const { server, secret, url, refusals, events } = await start(adapter, (app) => install(app, read));

      const answer = await deliver(server, url, secret, packets);

      expect([answer.status, answer.body['code']]).toEqual([500, 'raw_body_unavailable']);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(refusals()).toEqual([
        expect.stringMatching(
          /500 raw_body_unavailable \(module instance "default", \/gemini\/webhooks\): A middleware or/,
        ),
      ]);
      expect(events).toEqual([]);
    });

    it.each(FAILING_READERS)('gets 500 and is logged with its own error: %s', async (_how, read) => {
      const { server, secret, url, refusals, events } = await start(adapter, (app) => install(app, read));

      const answer = await deliver(server, url, secret, packets);

      expect([answer.status, answer.body['code']]).toEqual([500, 'raw_body_unavailable']);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(refusals()).toEqual([
        expect.stringMatching(/500 raw_body_unavailable .*A middleware or hook.*(not readable|disturbed)/),
      ]);
      expect(events).toEqual([]);
    });

    it.each(EMPTY_READERS)('finds it empty, and the delivery is accepted: %s', async (_how, read) => {
      const { server, secret, url, refusals, events } = await start(adapter, (app) => install(app, read));

      expect((await deliver(server, url, secret, packets)).status).toBe(200);
      expect(refusals()).toEqual([]);
      expect(events).toHaveLength(1);
    });
  });
});

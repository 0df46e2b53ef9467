import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import express from 'express';
import type { IncomingMessage } from 'node:http';
import { ADAPTERS, closeApps, startApp, type AdapterCase } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { bodyOf, withHmac } from '../support/senders.js';

const BODY = '{ "type": "batch.succeeded",  "data": { "id": "b1" } }';

/** An Express server that parses bodies before Nest is mounted. */
function parsedUpstream(options: Parameters<typeof express.json>[0] = {}): AdapterCase {
  const server = express();
  server.use(express.json(options));
  return { ...ADAPTERS[0], create: () => Promise.resolve(new ExpressAdapter(server)) };
}

const keepingRawBody = {
  verify: (request: IncomingMessage & { rawBody?: Buffer }, _response: unknown, bytes: Buffer) => {
    request.rawBody = bytes;
  },
};

afterEach(async () => {
  await closeApps();
  Logger.overrideLogger(false);
});

describe('behind a parser that has read the body', () => {
  it('a delivery is refused with 500, and the log says why and what to do', async () => {
    const { secret, events, metadata } = receiver();
    const logger = new RecordingLogger();
    const { origin } = await startApp(metadata, { adapter: parsedUpstream(), options: { logger } });

    const answer = await post(`${origin}/gemini/webhooks`, withHmac(secret, BODY));

    expect(answer.status).toBe(500);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ status: 500, code: 'raw_body_unavailable' });
    expect(logger.of('warn').join()).toMatch(/express\.json\(\).*rawBody/s);
    expect(logger.text).not.toContain(secret);
    expect(events).toEqual([]);
  });

  it('an empty delivery is refused too, and does not hang', async () => {
    const { secret, events, metadata } = receiver();
    const { origin } = await startApp(metadata, { adapter: parsedUpstream() });

    const answer = await post(`${origin}/gemini/webhooks`, withHmac(secret, ''));

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(events).toEqual([]);
  });

  it('a delivery is accepted if the parser keeps the bytes in rawBody', async () => {
    const { secret, events, metadata } = receiver();
    const { origin } = await startApp(metadata, { adapter: parsedUpstream(keepingRawBody) });

    const answer = await post(`${origin}/gemini/webhooks`, withHmac(secret, BODY));

    expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }]);
    expect(events).toHaveLength(1);
  });

  it('our limit applies to bytes that the parser kept', async () => {
    const { secret, events, metadata } = receiver({ bodyLimitBytes: 1000 });
    const { origin } = await startApp(metadata, { adapter: parsedUpstream(keepingRawBody) });
    const { headers, body } = withHmac(secret, bodyOf('batch.succeeded', { id: 'b', pad: 'x'.repeat(1000) }));

    const chunked = await fetch(`${origin}/gemini/webhooks`, {
      method: 'POST',
      headers,
      body: new Blob([body]).stream(),
      duplex: 'half',
    });
    const withLength = await post(`${origin}/gemini/webhooks`, { headers, body });

    expect([chunked.status, await chunked.json()]).toEqual([413, expect.objectContaining({ code: 'body_too_large' })]);
    expect([withLength.status, withLength.body['code']]).toEqual([413, 'body_too_large']);
    expect(events).toEqual([]);
  });

  it('a Fastify hook that reads the stream first causes a 500', async () => {
    const { secret, events, metadata } = receiver();
    const logger = new RecordingLogger();
    const { origin } = await startApp(metadata, {
      adapter: {
        ...ADAPTERS[1],
        create: async () => {
          const adapter = new FastifyAdapter();
          adapter.getInstance().addHook('preParsing', async (_request, _reply, payload) => {
            for await (const _chunk of payload);
          });
          return adapter;
        },
      },
      options: { logger },
    });

    const answer = await post(`${origin}/gemini/webhooks`, withHmac(secret, BODY));

    expect([answer.status, answer.body['code']]).toEqual([500, 'raw_body_unavailable']);
    expect(logger.of('warn').join()).toContain('rawBody');
    expect(events).toEqual([]);
  });

  it('a Fastify hook of the app that runs after ours does not hang on a stream that has ended', async () => {
    const { secret, events, metadata } = receiver();
    const { origin } = await startApp(metadata, {
      adapter: ADAPTERS[1],
      configure: (app) => {
        (app as NestFastifyApplication)
          .getHttpAdapter()
          .getInstance()
          .addHook('preParsing', async (_request, _reply, payload) => payload);
      },
    });

    const answer = await post(`${origin}/gemini/webhooks`, withHmac(secret, BODY));

    expect(answer.body).toEqual({ status: 'processed' });
    expect(events).toHaveLength(1);
  });
});

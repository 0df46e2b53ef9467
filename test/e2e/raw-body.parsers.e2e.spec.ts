import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import express from 'express';
import type { GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp, type AdapterCase } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { bodyOf, withHmac } from '../support/senders.js';

interface SetUp {
  readonly setUp: string;
  readonly adapter: AdapterCase;
  readonly options?: NestApplicationOptions;
  readonly configure?: (app: INestApplication) => void;
}

const [onExpress, onFastify] = ADAPTERS;
const both = (setUp: string, rest: Omit<SetUp, 'setUp' | 'adapter'> = {}): SetUp[] =>
  ADAPTERS.map((adapter) => ({ setUp: `${setUp} on ${adapter.adapter}`, adapter, ...rest }));

const parserOf = (app: INestApplication) => (app as NestFastifyApplication).getHttpAdapter().getInstance();

const SET_UPS: readonly SetUp[] = [
  ...both("the app's default parser"),
  ...both('rawBody: true', { options: { rawBody: true } }),
  ...both('bodyParser: false', { options: { bodyParser: false } }),
  {
    setUp: 'express.json() used in main',
    adapter: onExpress,
    configure: (app) => {
      app.use(express.json({ type: '*/*' }));
      app.use(express.urlencoded({ extended: true }));
    },
  },
  {
    setUp: 'express.json() instead of the default parser',
    adapter: onExpress,
    options: { bodyParser: false },
    configure: (app) => app.use(express.json()),
  },
  {
    setUp: 'express.text() for every type',
    adapter: onExpress,
    configure: (app) => app.use(express.text({ type: () => true })),
  },
  {
    setUp: 'useBodyParser on Express',
    adapter: onExpress,
    configure: (app) => (app as NestExpressApplication).useBodyParser('json', { limit: 10 }),
  },
  {
    setUp: 'useBodyParser on Fastify',
    adapter: onFastify,
    configure: (app) => (app as NestFastifyApplication).useBodyParser('application/json', { bodyLimit: 10 }),
  },
  {
    setUp: 'a Fastify parser that leaves a Buffer',
    adapter: onFastify,
    options: { bodyParser: false },
    configure: (app) =>
      parserOf(app).addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
        done(null, body),
      ),
  },
  {
    setUp: 'a Fastify parser for everything that reads the stream itself',
    adapter: onFastify,
    options: { bodyParser: false },
    configure: (app) => {
      parserOf(app).removeAllContentTypeParsers();
      parserOf(app).addContentTypeParser('*', (_request, payload, done) => {
        payload.resume().on('end', () => done(null, { type: 'forged' }));
      });
    },
  },
  {
    setUp: 'a Fastify bodyLimit below ours',
    adapter: { ...onFastify, create: () => Promise.resolve(new FastifyAdapter({ bodyLimit: 10 })) },
  },
];

const BODIES = {
  'odd whitespace': ' \n{ "type" : "batch.succeeded",\t"data" : { "id" : "odd" } }\r\n ',
  'unicode, raw and escaped':
    '{"type":"batch.failed","data":{"id":"odd","error_message":"\\u00e9é e\\u0301 \u2028 \\ud83d\\ude00😀"}}',
  'an order, repeated keys and number forms of its own':
    '{"data":{"z":1.0e2,"id":"odd","a":12345678901234567890},"2":0,"1":0,"type":"other","type":"batch.expired"}',
};

afterEach(closeApps);

describe.each(SET_UPS)('with $setUp', ({ adapter, options, configure }) => {
  const start = async (settings: GeminiWebhooksModuleOptions = {}) => {
    const own = receiver(settings);
    const running = await startApp(own.metadata, {
      adapter,
      ...(options && { options }),
      ...(configure && { configure }),
    });
    return { ...own, url: `${running.origin}/gemini/webhooks` };
  };

  it('the bytes that were signed are verified', async () => {
    const { secret, events, url } = await start();

    for (const body of Object.values(BODIES)) {
      const answer = await post(url, withHmac(secret, body));
      expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }]);
    }

    expect(events.map(({ type, data }) => ({ type, data }))).toEqual(
      Object.values(BODIES).map((body) => {
        const { type, data } = JSON.parse(body) as { type: string; data: unknown };
        return { type, data };
      }),
    );
  });

  it('a body that only parses to the same JSON is refused', async () => {
    const { secret, events, url } = await start();
    const { headers } = withHmac(secret, '{"type":"batch.expired","data":{"id":"b"}}');

    const answer = await post(url, { headers, body: '{"type": "batch.expired","data":{"id":"b"}}' });

    expect([answer.status, answer.body['code']]).toEqual([401, 'signature_mismatch']);
    expect(events).toEqual([]);
  });

  it('our limit applies, whatever the parsers accept', async () => {
    const { secret, events, url } = await start({ bodyLimitBytes: 3 * 1024 * 1024 });
    const sizes = [200 * 1024, 2 * 1024 * 1024];

    for (const size of sizes) {
      const answer = await post(
        url,
        withHmac(secret, bodyOf('batch.succeeded', { id: `b${size}`, pad: 'x'.repeat(size) })),
      );
      expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }]);
    }

    expect(events).toHaveLength(sizes.length);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Post, UseGuards } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import { PassThrough } from 'node:stream';
import { GeminiSignatureGuard, type GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { accessLog, middlewareModule, noteOnResponse } from '../support/access-log.js';
import { closeApps, startApp, type AdapterCase } from '../support/apps.js';
import { post } from '../support/http.js';
import { answerTo, beginPost } from '../support/raw-http.js';
import { receiver } from '../support/receiver.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { bodyOf, withHmac } from '../support/senders.js';
import { until } from '../support/until.js';

const body = bodyOf('batch.succeeded', { id: 'b1' });

@Controller('own')
class OwnController {
  @Post()
  @UseGuards(GeminiSignatureGuard)
  receive() {}
}

interface Logging {
  readonly adapter: 'Express' | 'Fastify';
  /** Loggers in the order of their entries. */
  readonly names: readonly string[];
  readonly start: (options: GeminiWebhooksModuleOptions) => Promise<{
    readonly secret: string;
    readonly origin: string;
    readonly entries: string[];
    readonly warnings: () => string[];
  }>;
}

const LOGGING: readonly Logging[] = [
  {
    adapter: 'Express',
    names: ['server', 'main.ts', 'module'],
    start: (options) =>
      start(options, (entries) => {
        const server = express();
        server.use(accessLog('server', entries));
        return {
          adapter: 'Express',
          create: () => Promise.resolve(new ExpressAdapter(server)),
        } as unknown as AdapterCase;
      }),
  },
  {
    adapter: 'Fastify',
    names: ['hook', 'late hook', 'main.ts', 'module', 'pino'],
    start: (options) =>
      start(options, (entries) => ({
        adapter: 'Fastify',
        create: async () => {
          const stream = new PassThrough().on('data', (line: Buffer) => {
            const { res } = JSON.parse(line.toString()) as { res?: { statusCode: number } };
            if (res) entries.push(`pino: ${res.statusCode}`);
          });
          const adapter = new FastifyAdapter({ logger: { level: 'info', stream } });
          adapter.getInstance().addHook('onResponse', (request, reply, done) => {
            entries.push(
              `hook: ${request.method} ${request.url} ${request.headers['content-type']} ${reply.statusCode}`,
            );
            done();
          });
          return adapter;
        },
      })),
  },
];

async function start(options: GeminiWebhooksModuleOptions, adapterFor: (entries: string[]) => AdapterCase) {
  const entries: string[] = [];
  const logger = new RecordingLogger();
  const own = receiver(options);
  const adapter = adapterFor(entries);
  const { origin } = await startApp(
    {
      ...own.metadata,
      imports: [...own.metadata.imports, middlewareModule(accessLog('module', entries))],
      controllers: [OwnController],
    },
    {
      adapter,
      options: { logger },
      configure: (app) => {
        app.use(accessLog('main.ts', entries));
        if (adapter.adapter === 'Fastify') noteOnResponse(app, 'late hook', entries);
      },
    },
  );
  const warnings = () => logger.of('warn').filter((line) => line.includes('Refused a delivery'));
  return { secret: own.secret, origin, entries, warnings };
}

afterEach(closeApps);

describe.each(LOGGING)("the app's own access logs on $adapter", ({ names, start: startLogging }) => {
  const seenBy = (path: string, type: string, status: number) =>
    names.map((name) => (name === 'pino' ? `pino: ${status}` : `${name}: POST ${path} ${type} ${status}`)).toSorted();

  describe.each(['/gemini/webhooks', '/own'])('at %s', (path) => {
    it.each([
      [413, { bodyLimitBytes: 10 }, {}],
      [415, {}, { 'content-type': 'text/plain' }],
      [415, {}, { 'content-type': 'application/x-www-form-urlencoded' }],
      [415, {}, { 'content-type': 'multipart/form-data; boundary=x' }],
      [415, {}, { 'content-encoding': 'gzip' }],
      [401, {}, { 'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}` }],
    ])('record a refusal with %i once each, wherever they are installed', async (status, options, headers) => {
      const { secret, origin, entries, warnings } = await startLogging(options);
      const signed = withHmac(secret, body);
      const sent: Record<string, string> = { ...signed.headers, ...headers };

      const answer = await post(`${origin}${path}`, { headers: sent, body: signed.body });
      await until(() => entries.length >= names.length, { withinMs: 3000 });

      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(entries.toSorted()).toEqual(seenBy(path, String(sent['content-type']), status));
      expect(warnings()).toHaveLength(status === 401 ? 0 : 1);
    });

    it.each([
      ['with a length', { 'content-length': '500' }],
      ['in chunks', { 'transfer-encoding': 'chunked' }],
    ])('record an upload %s that stalls once each, with 408', async (_how, length) => {
      const { secret, origin, entries, warnings } = await startLogging({ bodyTimeoutMs: 50 });
      const sent = beginPost(`${origin}${path}`, { ...withHmac(secret, body).headers, ...length });
      sent.write('{');

      const answer = await answerTo(sent);
      await until(() => entries.length >= names.length, { withinMs: 3000 });
      sent.on('error', () => undefined).destroy();

      expect([answer.status, answer.body['code']]).toEqual([408, 'request_timeout']);
      expect(entries.toSorted()).toEqual(seenBy(path, 'application/json', 408));
      expect(warnings()).toHaveLength(1);
    });

    it('record an upload that grows too long once each, with 413', async () => {
      const { secret, origin, entries, warnings } = await startLogging({ bodyLimitBytes: 10, bodyTimeoutMs: 200 });
      const sent = beginPost(`${origin}${path}`, withHmac(secret, body).headers);
      sent.write('x'.repeat(11));

      const answer = await answerTo(sent);
      await until(() => entries.length >= names.length, { withinMs: 3000 });
      sent.on('error', () => undefined).destroy();

      expect([answer.status, answer.body['code']]).toEqual([413, 'body_too_large']);
      expect(entries.toSorted()).toEqual(seenBy(path, 'application/json', 413));
      expect(warnings()).toHaveLength(1);
    });
  });
});

import 'reflect-metadata';
import { Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { GeminiWebhooksModule, OnGeminiEvent } from '../../../dist/index.js';
import { githubApp, stripeApp } from './peers.js';
import { bareOpenTelemetry, registerOpenTelemetry } from './open-telemetry.js';

const [contender, secret] = process.argv.slice(2);
const key = Buffer.from(secret.replace('whsec_', ''), 'base64');

/** A decorator put on by hand: this file is plain JavaScript. */
function decorateMethod(type, name, decorators) {
  for (const decorate of decorators)
    decorate(type.prototype, name, Object.getOwnPropertyDescriptor(type.prototype, name));
}

/** The least that a Nest route with `rawBody` can be. */
class BareController {
  receive() {}
}
Controller('gemini/webhooks')(BareController);
decorateMethod(BareController, 'receive', [Post(), HttpCode(200)]);

/** The least that a signature and an answer with a body cost on such a route. */
class HmacGuard {
  canActivate(context) {
    const { headers, rawBody } = context.switchToHttp().getRequest();
    const expected = createHmac('sha256', key)
      .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`)
      .update(rawBody)
      .digest();
    return timingSafeEqual(expected, Buffer.from(headers['webhook-signature'].slice(3), 'base64'));
  }
}
class HmacController {
  receive() {
    return { status: 'processed' };
  }
}
Controller('gemini/webhooks')(HmacController);
decorateMethod(HmacController, 'receive', [Post(), HttpCode(200), UseGuards(HmacGuard)]);

let traced;
class NoOpHandlers {
  handle() {
    return traced?.(() => undefined);
  }
}
decorateMethod(NoOpHandlers, 'handle', [OnGeminiEvent('batch.succeeded')]);

const ADAPTERS = { express: () => new ExpressAdapter(), fastify: () => new FastifyAdapter() };

async function nest(adapter, metadata) {
  class AppModule {}
  const module = { module: AppModule, ...metadata };
  const app = await NestFactory.create(module, ADAPTERS[adapter](), { logger: false, rawBody: true });
  await app.listen(0, '127.0.0.1');
  return app.getHttpServer();
}

async function expressWithStandardWebhooks() {
  const webhook = new Webhook(secret);
  const app = express();
  app.post('/gemini/webhooks', express.raw({ type: 'application/json' }), (request, response) => {
    webhook.verify(request.body, request.headers);
    response.json({ status: 'processed' });
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function start() {
  if (contender === 'standardwebhooks') return expressWithStandardWebhooks();
  const [who, adapter] = contender.split('-');
  if (who === 'bare') return nest(adapter, { controllers: [BareController] });
  if (who === 'hmac') return nest(adapter, { controllers: [HmacController] });
  if (who === 'stripe') return nest(adapter, stripeApp(secret));
  if (who === 'github') return nest(adapter, await githubApp(secret));
  if (who === 'traced') registerOpenTelemetry(1);
  if (who === 'sampled') registerOpenTelemetry(0.1);
  if (who === 'sdk') traced = bareOpenTelemetry();
  return nest(adapter, {
    imports: [GeminiWebhooksModule.forRoot({ hmac: { secrets: secret }, jwks: false })],
    providers: [NoOpHandlers],
  });
}

const server = await start();
// The connections stay open while the others have their turn.
server.keepAliveTimeout = 600_000;
process.on('disconnect', () => process.exit());
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpu: user + system });
});
process.send({ port: server.address().port });

import 'reflect-metadata';
import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createHmac, timingSafeEqual } from 'node:crypto';

const [contender, adapter, prefix] = process.argv.slice(2);

/** A decorator put on by hand: this file is plain JavaScript. */
function decorateMethod(type, name, decorators) {
  for (const decorate of decorators)
    decorate(type.prototype, name, Object.getOwnPropertyDescriptor(type.prototype, name));
}

/** The options come from the environment, as in an app that has no others. */
async function ours(options) {
  const { GeminiWebhooksModule, OnGeminiEvent } = await import('nestjs-gemini-webhooks');
  class Handlers {
    handle() {}
  }
  decorateMethod(Handlers, 'handle', [OnGeminiEvent('batch.succeeded')]);
  return { imports: [GeminiWebhooksModule.forRoot(options)], providers: [Handlers] };
}

async function oursOnBullmq() {
  const { bullmqInbox } = await import('nestjs-gemini-webhooks/bullmq');
  return ours({ inbox: bullmqInbox({ prefix }) });
}

/** The least that a route with a signature, a queue and a worker can be. */
async function bareBullmq() {
  const { Queue, Worker } = await import('bullmq');
  const connection = { url: process.env.GEMINI_WEBHOOK_INBOX_URL, maxRetriesPerRequest: null };
  const queue = new Queue('gemini-webhooks', { connection, prefix });
  const worker = new Worker('gemini-webhooks', async () => undefined, { connection, prefix });
  for (const one of [queue, worker]) one.on('error', () => undefined);
  const key = Buffer.from(process.env.GEMINI_WEBHOOK_SECRET.slice('whsec_'.length), 'base64');
  class HmacGuard {
    canActivate(context) {
      const { headers, rawBody } = context.switchToHttp().getRequest();
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.`;
      const expected = createHmac('sha256', key).update(signed).update(rawBody).digest();
      return timingSafeEqual(expected, Buffer.from(headers['webhook-signature'].slice(3), 'base64'));
    }
  }
  class QueueController {
    async receive({ headers, body }) {
      await queue.add(body.type, body, { jobId: headers['webhook-id'], attempts: 12 });
      return { status: 'accepted' };
    }
  }
  Controller('gemini/webhooks')(QueueController);
  decorateMethod(QueueController, 'receive', [Post(), HttpCode(202), UseGuards(HmacGuard)]);
  Req()(QueueController.prototype, 'receive', 0);
  return { controllers: [QueueController] };
}

const METADATA = { empty: () => ({}), ours: () => ours(), 'bare-bullmq': bareBullmq, 'ours-bullmq': oursOnBullmq };
const ADAPTERS = {
  express: async () => new (await import('@nestjs/platform-express')).ExpressAdapter(),
  fastify: async () => new (await import('@nestjs/platform-fastify')).FastifyAdapter(),
};

class AppModule {}
const module = { module: AppModule, ...(await METADATA[contender]()) };
const app = await NestFactory.create(module, await ADAPTERS[adapter](), { logger: ['error'], rawBody: true });
await app.listen(0, '127.0.0.1');

process.on('disconnect', () => process.exit());
process.once('message', () => {
  global.gc();
  global.gc();
  process.send({ rss: process.memoryUsage().rss });
});
const { user, system } = process.cpuUsage();
process.send({ port: app.getHttpServer().address().port, cpu: user + system });

import { Session } from 'node:inspector';

/**
 * Starts the app that its arguments describe, on what is built, and reports the scripts that it has loaded, the CPU time until
 * it listened, and its answer to a delivery if it can take one.
 */
const [contender] = process.argv.slice(2);
const scripts = new Set();
const session = new Session();
session.connect();
session.on('Debugger.scriptParsed', ({ params }) => scripts.add(params.url));
if (process.env.COUNT_SCRIPTS) session.post('Debugger.enable');

await import('reflect-metadata');
const { NestFactory } = await import('@nestjs/core');
const { ExpressAdapter } = await import('@nestjs/platform-express');

async function ours() {
  const { GeminiWebhooksModule, OnGeminiEvent } = await import('nestjs-gemini-webhooks');
  class Handlers {
    handle() {}
  }
  const handle = Object.getOwnPropertyDescriptor(Handlers.prototype, 'handle');
  OnGeminiEvent('batch.succeeded')(Handlers.prototype, 'handle', handle);
  return { imports: [GeminiWebhooksModule.forRoot()], providers: [Handlers] };
}

class AppModule {}
const module = { module: AppModule, ...(contender === 'ours' ? await ours() : {}) };
const app = await NestFactory.create(module, new ExpressAdapter(), { logger: ['error'] });
await app.listen(0, '127.0.0.1');
const { user, system } = process.cpuUsage();

async function deliver() {
  const { createHmac } = await import('node:crypto');
  const body = JSON.stringify({ type: 'batch.succeeded', version: 'v1', data: { id: 'batches/one' } });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(process.env.GEMINI_WEBHOOK_SECRET.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`msg_1.${timestamp}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': 'msg_1',
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
  const response = await fetch(`${await app.getUrl()}/gemini/webhooks`, { method: 'POST', headers, body });
  return response.json();
}

const answer = contender === 'ours' ? await deliver() : undefined;
await app.close();
process.stdout.write(JSON.stringify({ scripts: [...scripts], cpu: user + system, answer }));

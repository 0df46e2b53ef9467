import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { GeminiJobs } from 'nestjs-gemini-webhooks';
import { signGeminiDelivery } from 'nestjs-gemini-webhooks/testing';
import { AppModule, Calls } from './app.js';
import { Gemini, type Delivery } from './gemini.js';

/** Boots the app as `main <adapter> <options as JSON>` says, sends it deliveries, and prints what came of each. */
async function main([adapterName, options]: string[]): Promise<void> {
  const gemini = new Gemini();
  const { jwksUrl } = await gemini.start();
  const adapter = adapterName === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app: INestApplication = await NestFactory.create(
    AppModule.register({ secret: gemini.secret, jwksUrl }),
    adapter,
    { ...(JSON.parse(options) as NestApplicationOptions), logger: false, abortOnError: false },
  );
  app.setGlobalPrefix('api');
  await app.listen(0, '127.0.0.1');
  try {
    process.stdout.write(`${JSON.stringify(await report(app, await app.getUrl(), gemini))}\n`);
  } finally {
    await app.close();
    gemini.stop();
  }
}

async function report(app: INestApplication, origin: string, gemini: Gemini): Promise<object> {
  const calls = app.get(Calls).list;
  const config = await app.get(GeminiJobs).webhookConfig({ metadata: { order: 7 } });
  const { pathname, search } = new URL(config.uris[0]);
  const send = async (delivery: Delivery, query = '') => {
    const { status, body } = await post(`${origin}${pathname}${query}`, delivery);
    return { status, said: body['code'] ?? body['status'], ran: calls.splice(0) };
  };
  const echo = async (body: string) => {
    const answer = await post(`${origin}/api/echo`, { headers: { 'content-type': 'application/json' }, body });
    return { status: answer.status, said: answer.body['echoed'], ran: calls.splice(0) };
  };
  const event = (type: string, id: string) => gemini.v1(JSON.stringify({ type, version: 'v1', data: { id } }));

  return {
    path: pathname,
    v1: await send(event('batch.succeeded', 'one')),
    v1OnRawBytes: await send(
      gemini.v1('{ "type" :\t"batch.completed", "n": 1.0, "data": {"id":"batch_\\u0074wo é"} }\n'),
    ),
    v1ByTheTestingEntryPoint: await send(
      signGeminiDelivery({ event: { type: 'batch.succeeded', data: { id: 'three' } }, secret: gemini.secret }),
    ),
    v1a: await send(gemini.v1a(JSON.stringify({ type: 'video.generated', data: { id: 'four' } })), search),
    jwt: await send(
      gemini.jwt({ type: 'interaction.completed', data: { id: 'five' }, user_metadata: config.userMetadata }),
    ),
    ofAnotherSecret: await send(gemini.v1('{"type":"batch.succeeded"}', `whsec_${'A'.repeat(43)}=`)),
    ofAnotherProject: await send(gemini.v1a(JSON.stringify({ type: 'video.generated', data: { id: 'six' } }))),
    guardedController: await send(event('batch.failed', 'seven')),
    deniedByClassGuard: await send(event('batch.expired', 'eight')),
    failing: await send(event('batch.cancelled', 'nine')),
    forgivenByMethodFilter: await send(event('interaction.cancelled', 'ten')),
    scopedController: await send(event('interaction.failed', 'eleven')),
    scopedControllerAgain: await send(event('interaction.failed', 'twelve')),
    twins: await send(event('interaction.requires_action', 'thirteen')),
    otherRoute: await echo('{"type":"echo","n":1}'),
    otherRouteThatThrows: await echo('{"type":"boom"}'),
  };
}

async function post(
  url: string,
  { headers, body }: Delivery,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});

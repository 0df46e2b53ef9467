import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule, Calls } from './app.js';
import { FUNCTIONS } from './functions.js';
import { Gemini, type Delivery } from './gemini.js';

/** Deploys the app to the function host that `serverless-main <host> <adapter>` names, and prints what came of each delivery. */
async function main([hostName, adapterName]: string[]): Promise<void> {
  const gemini = new Gemini();
  const { jwksUrl } = await gemini.start();
  const app: INestApplication = await NestFactory.create(
    AppModule.register({ secret: gemini.secret, jwksUrl }),
    adapterName === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
    { logger: false, abortOnError: false },
  );
  await app.init();
  if (adapterName === 'fastify') await (app as NestFastifyApplication).getHttpAdapter().getInstance().ready();
  const deployed = await FUNCTIONS[hostName](app.getHttpAdapter().getInstance());
  try {
    process.stdout.write(`${JSON.stringify(await report(app.get(Calls).list, deployed.invoke, gemini))}\n`);
  } finally {
    await deployed.close?.();
    await app.close();
    gemini.stop();
  }
}

async function report(
  calls: string[],
  invoke: (delivery: Delivery, isBase64: boolean) => Promise<{ readonly status: number; readonly body: string }>,
  gemini: Gemini,
): Promise<object> {
  const send = async (delivery: Delivery, isBase64 = false) => {
    const { status, body } = await invoke(delivery, isBase64);
    const { code, status: said } = JSON.parse(body) as { readonly code?: string; readonly status?: string };
    return { status, said: code ?? said, ran: calls.splice(0) };
  };
  const event = (id: string) => `{ "type" :\t"batch.succeeded", "n": 1.0, "data": {"id":"${id}", "name":"é"} }\n`;
  const plain = gemini.v1(event('three'));
  return {
    signed: await send(gemini.v1(event('one'))),
    inBase64: await send(gemini.v1(event('two')), true),
    forged: await send(gemini.v1(event('three'), `whsec_${'A'.repeat(43)}=`)),
    ofAnotherType: await send({ ...plain, headers: { ...plain.headers, 'content-type': 'text/plain' } }),
  };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});

import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GeminiWebhooksModule, OnGeminiEvent, pruneClaims } from 'nestjs-gemini-webhooks';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { createDatabases } from './databases.js';
import { drivers } from './drivers.js';
import { orms } from './orms.js';
import { prisma } from './prisma.js';
import { queryBuilders } from './query-builders.js';

/**
 * An app that claims by each client on each of its databases, and prints what came of it. Each client runs three deliveries of
 * one event: the first rolls back, the second commits and fails afterwards, and the third finds the claim of the second.
 */
const databases = await createDatabases(JSON.parse(process.argv[2]));
const secret = randomBytes(32);
let script;

class Handlers {
  run(_event, context) {
    return script(context);
  }
}
OnGeminiEvent('*')(Handlers.prototype, 'run', Object.getOwnPropertyDescriptor(Handlers.prototype, 'run'));

class AppModule {}
Module({
  imports: [
    GeminiWebhooksModule.forRoot({
      hmac: { secrets: `whsec_${secret.toString('base64')}` },
      jwks: false,
      gemini: false,
    }),
  ],
  providers: [Handlers],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
await app.listen(0, '127.0.0.1');
const url = `http://127.0.0.1:${app.getHttpServer().address().port}/gemini/webhooks`;

const report = {};
for (const clients of [drivers, queryBuilders, orms, prisma]) {
  for await (const client of clients(databases)) report[client.name] = await tried(client);
}
console.log(JSON.stringify(report));
await app.close();
await databases.remove();
process.exit();

async function tried({ name, ...client }) {
  const claims = [];
  const answers = [];
  let thrown = [];
  const deliver = async (what, id = name) => {
    script = (context) =>
      Promise.resolve(what(context)).catch((error) => {
        if (error !== expected) thrown.push(inspect(error));
        throw error;
      });
    answers.push(await send(id));
  };
  const expected = new Error('expected');
  const claim = (context, fail) => inTransaction(client, context, (isNew) => claims.push(isNew), fail && expected);

  await deliver((context) => claim(context, true));
  await deliver(async (context) => {
    await claim(context);
    throw expected;
  });
  await deliver((context) => claim(context));

  const codes = {};
  await deliver(async (context) => {
    await inTransaction(client, context, () => undefined);
    codes.second = await codeOf(() => inTransaction(client, context, () => undefined));
    codes.root = await codeOf(async () =>
      client.isSync ? context.claimSync(client.root) : context.claim(client.root, 'root'),
    );
  }, `${name}, twice`);
  const later = new Date(Date.now() + 60_000);
  codes.pruned = await pruneClaims(client.root, later).catch((error) => inspect(error));
  codes.prunedAgain = await pruneClaims(client.root, later).catch((error) => inspect(error));
  return { claims, answers, ...codes, ...(thrown.length > 0 && { thrown }) };
}

async function inTransaction({ isSync, transaction }, context, then, error) {
  if (!isSync) {
    return transaction(async (tx) => {
      then(await context.claim(tx));
      if (error) throw error;
    });
  }
  transaction((tx) => {
    then(context.claimSync(tx));
    if (error) throw error;
  });
}

async function codeOf(work) {
  try {
    return `not refused: ${await work()}`;
  } catch (error) {
    return error.code ?? inspect(error);
  }
}

async function send(id) {
  const body = JSON.stringify({
    type: 'batch.succeeded',
    version: 'v1',
    timestamp: new Date().toISOString(),
    data: { id },
  });
  const message = `msg_${randomUUID()}`;
  const at = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${message}.${at}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': message,
    'webhook-timestamp': String(at),
    'webhook-signature': `v1,${signature}`,
  };
  return (await fetch(url, { method: 'POST', headers, body })).status;
}

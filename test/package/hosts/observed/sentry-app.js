import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as Sentry from '@sentry/nestjs';
import { GeminiJobs, GeminiWebhooksModule, OnGeminiEvent, UnrecoverableEventError } from 'nestjs-gemini-webhooks';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { reportToSentry, SentryScope } from './recipe.js';

/** An app with the documented recipe, whose attempts overlap and fail. Prints the answers and what must stay in the app. */
const key = randomBytes(32);
const secrets = { signing: `whsec_${key.toString('base64')}`, binding: randomUUID(), payload: randomUUID() };

let overlapping = 0;
let release;
const allRun = new Promise((resolve) => (release = resolve));

class Orders {
  publish(event) {
    return overlap(`publish ${event.data.id}`);
  }

  ship(event) {
    return overlap(`ship ${event.data.id}`);
  }

  refund(_event, { attempt }) {
    if (attempt === 1) throw new Error('not yet');
    throw new UnrecoverableEventError('never');
  }
}

/** Fails once two handlers of two events run at the same time. */
async function overlap(message) {
  Sentry.addBreadcrumb({ message });
  if (++overlapping === 4) release();
  await allRun;
  Sentry.captureMessage(message);
  throw new UnrecoverableEventError(`cannot ${message}`);
}

const method = (name) => [Orders.prototype, name, Object.getOwnPropertyDescriptor(Orders.prototype, name)];
OnGeminiEvent(['batch.succeeded', 'video.generated'])(...method('publish'));
OnGeminiEvent(['batch.succeeded', 'video.generated'])(...method('ship'));
OnGeminiEvent('batch.failed', { name: 'refunds' })(...method('refund'));

class AppModule {}
Module({
  imports: [
    GeminiWebhooksModule.forRoot({
      hmac: { secrets: secrets.signing },
      binding: { secret: secrets.binding },
      publicUrl: 'https://app.example.com',
      around: [SentryScope],
    }),
  ],
  providers: [Orders, SentryScope],
  exports: [SentryScope],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
reportToSentry(app);
await app.listen(0, '127.0.0.1');
const { uris, userMetadata } = await app.get(GeminiJobs).webhookConfig();
const { pathname, search, searchParams } = new URL(uris[0]);
const url = `http://127.0.0.1:${app.getHttpServer().address().port}${pathname}${search}`;

const statuses = [
  ...(await Promise.all([deliver('batch.succeeded', 'one'), deliver('video.generated', 'two')])),
  await deliver('batch.failed', 'three'),
  await deliver('batch.failed', 'three'),
];
await app.close();
await Sentry.close();
console.log(JSON.stringify({ statuses, secrets: { ...secrets, token: searchParams.get('gemini_binding') } }));

async function deliver(type, id) {
  const data = { id, output_file_uri: secrets.payload };
  const body = JSON.stringify({ type, version: 'v1', data, user_metadata: userMetadata });
  const delivery = `msg_${id}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', key).update(`${delivery}.${timestamp}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': delivery,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
  return (await fetch(url, { method: 'POST', headers, body })).status;
}

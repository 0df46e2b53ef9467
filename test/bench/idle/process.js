import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Queue, Worker, createPostgresBackend, runMigrations, withBackend } from 'bullmq';
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { bullmqInbox } from '../../../dist/bullmq/index.js';
import { GeminiJobs, GeminiWebhooksModule, OnGeminiEvent } from '../../../dist/index.js';
import { GeminiSimulator } from '../../../dist/testing/index.js';
import { eventBody, hmacDelivery } from '../deliveries.js';

const [kind, url] = process.argv.slice(2);
const isRedis = url.startsWith('redis');
const key = randomBytes(32);
const DELIVERIES_IN_FLIGHT = 48;
const JOBS_IN_FLIGHT = 16;
const JOB_TIMEOUT_MS = 10_000;

Logger.overrideLogger(['error']);

/** A queue and a worker with BullMQ's defaults. */
async function bare() {
  const done = async () => undefined;
  if (isRedis) {
    const connect = () => new Redis(url, { maxRetriesPerRequest: null });
    const queue = new Queue('bare', { connection: connect() });
    const worker = new Worker('bare', done, { connection: connect() });
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    return;
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  await runMigrations(client, 'bullmq');
  await client.end();
  const postgres = withBackend(createPostgresBackend);
  const connection = { connectionString: url };
  const queue = new postgres.Queue('bare', { connection });
  const worker = new postgres.Worker('bare', done, { connection });
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
}

class NoOpHandlers {
  handle() {}
}
OnGeminiEvent('batch.succeeded')(
  NoOpHandlers.prototype,
  'handle',
  Object.getOwnPropertyDescriptor(NoOpHandlers.prototype, 'handle'),
);

/** An app that receives events, starts jobs and, if it has workers, handles both. */
async function ours(workers) {
  const gemini = await GeminiSimulator.start({ durations: { video: Infinity }, videoEvent: 'interaction.completed' });
  class AppModule {}
  const webhooks = GeminiWebhooksModule.forRoot({
    gemini: gemini.clientOptions,
    hmac: { secrets: `whsec_${key.toString('base64')}` },
    binding: { secret: 'of the benchmark' },
    inbox: bullmqInbox({ url, workers }),
  });
  const app = await NestFactory.create(
    { module: AppModule, imports: [webhooks], providers: [NoOpHandlers] },
    { logger: ['error'] },
  );
  await app.listen(0, '127.0.0.1');
  const origin = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const jobs = app.get(GeminiJobs);
  while (!(await deliver(origin))) await new Promise((resolve) => setTimeout(resolve, 50));

  const runJob = async () => {
    const job = await jobs.createVideo({ input: 'a quiet sea' }, { uri: `${origin}/gemini/webhooks` });
    gemini.finish(job.name);
    if (workers) await job.completed({ timeoutMs: JOB_TIMEOUT_MS });
  };

  return async (ms) => {
    const until = performance.now() + ms;
    const repeat = (count, work) =>
      Array.from({ length: count }, async () => {
        while (performance.now() < until) await work();
      });
    await Promise.all([
      ...repeat(DELIVERIES_IN_FLIGHT, () => deliver(origin)),
      // A request that a busy machine answers too late is refused.
      ...repeat(JOBS_IN_FLIGHT, () => runJob().catch(() => undefined)),
    ]);
  };
}

async function deliver(origin) {
  const { headers, body, url: path } = hmacDelivery(key, eventBody(200));
  const { host: _host, 'content-length': _length, ...sent } = headers;
  const { ok } = await fetch(`${origin}${path}`, { method: 'POST', headers: sent, body });
  return ok;
}

const load = kind === 'bare' ? await bare() : await ours(kind === 'full');
process.on('message', async (ms) => {
  await load(ms);
  process.send('done');
});
process.on('disconnect', () => process.exit());
process.send('ready');

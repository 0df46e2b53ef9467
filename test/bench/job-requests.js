import 'reflect-metadata';
import { GoogleGenAI } from '@google/genai';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { GeminiJobs, GeminiWebhooksModule } from '../../dist/index.js';
import { GeminiSimulator } from '../../dist/testing/index.js';
import { QUICK } from './harness.js';

const JOBS = QUICK ? 10 : 100;
const LOST = JOBS / 10;
const POLL_MS = 10_000;
const MINUTE_MS = 60_000;

const BATCH = { model: 'gemini-3.8-flash', src: [{ contents: [{ parts: [{ text: 'hello' }] }] }] };
const VIDEO = { model: 'gemini-omni-1.1-flash', input: 'a quiet sea', background: true };
const INTERACTION = { model: 'gemini-3.8-flash', input: 'how deep is the sea?', background: true };

/** How long a job of each kind is taken to run, and how it is started and looked up. */
const KINDS = {
  batch: {
    minutes: 360,
    start: (jobs, route) => jobs.createBatch(BATCH, route),
    create: (ai) => ai.batches.create(BATCH),
    look: (ai, { name }) => ai.batches.get({ name }),
  },
  video: {
    minutes: 3,
    start: (jobs, route) => jobs.createVideo(VIDEO, route),
    create: (ai) => ai.interactions.create(VIDEO),
    look: (ai, { id }) => ai.interactions.get(id),
  },
  interaction: {
    minutes: 20,
    start: (jobs, route) => jobs.createInteraction(INTERACTION, route),
    create: (ai) => ai.interactions.create(INTERACTION),
    look: (ai, { id }) => ai.interactions.get(id),
  },
};
const LOOKUPS = ['batches.get', 'interactions.get'];

const rows = [];
for (const [kind, { minutes, start, create, look }] of Object.entries(KINDS)) {
  const polled = await requestsOfPolling(kind, minutes, create, look);
  const [arrived, lost] = await requestsOfWebhooks(kind, start);
  const row = (what, value) => rows.push({ what, beside: `polling every 10 s: ${polled}`, value, target: '' });
  row(`requests after the start, a ${kind} of ${minutes} min`, arrived.toFixed(2));
  row('… whose webhook is lost', lost.toFixed(2));
}
process.send(rows, () => process.exit());

/** Until the job is found to have ended, in the simulator's own time. */
async function requestsOfPolling(kind, minutes, create, look) {
  const gemini = await GeminiSimulator.start({ time: 'manual', durations: { [kind]: minutes * MINUTE_MS } });
  const ai = new GoogleGenAI(gemini.clientOptions);
  const job = await create(ai);
  for (let waited = 0; waited < minutes * MINUTE_MS; waited += POLL_MS) {
    await gemini.advance(POLL_MS);
    await look(ai, job);
  }
  const polls = lookups(gemini);
  await gemini.close();
  return polls;
}

/** A job of each: one whose webhook arrives, and one whose webhook is lost. */
async function requestsOfWebhooks(kind, start) {
  const gemini = await GeminiSimulator.start({
    time: 'manual',
    durations: { [kind]: Infinity },
    videoEvent: 'interaction.completed',
  });
  const app = await appFor(gemini);
  const route = { uri: `${await app.getUrl()}/gemini/webhooks` };
  const jobs = app.get(GeminiJobs);
  const started = await Promise.all(Array.from({ length: JOBS }, () => start(jobs, route)));
  gemini.inject({ fault: 'lose', times: LOST });
  for (const { name } of started) gemini.finish(name);
  await Promise.all(started.map((job) => job.completed()));
  const asked = started.map(({ name }) => LOOKUPS.reduce((sum, operation) => sum + gemini.countOf(operation, name), 0));
  await app.close();
  await gemini.close();
  const mean = (counts) => counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return [mean(asked.slice(LOST)), mean(asked.slice(0, LOST))];
}

async function appFor(gemini) {
  class AppModule {}
  const webhooks = GeminiWebhooksModule.forRoot({
    gemini: gemini.clientOptions,
    jwks: { url: gemini.jwksUrl },
    binding: { secret: 'a secret of the benchmark' },
    // Soon, for what is lost; events that are not lost are faster all the same.
    jobs: { reconcile: { afterMs: 2_000 } },
  });
  const app = await NestFactory.create({ module: AppModule, imports: [webhooks] }, new ExpressAdapter(), {
    logger: false,
  });
  await app.listen(0, '127.0.0.1');
  return app;
}

function lookups(gemini) {
  return LOOKUPS.reduce((sum, operation) => sum + gemini.countOf(operation), 0);
}

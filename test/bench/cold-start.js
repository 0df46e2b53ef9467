import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { Redis } from 'ioredis';
import { eventBody, hmacDelivery } from './deliveries.js';
import { costRow, median, QUICK, race, speedRatio } from './harness.js';

const ROUNDS = QUICK ? { rounds: 3, warmUp: 1 } : { rounds: 25, warmUp: 3 };

const key = randomBytes(32);
const secret = { GEMINI_WEBHOOK_SECRET: `whsec_${key.toString('base64')}` };
/** Nothing of ours or the SDK's, whatever the shell has. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|NODE_OPTIONS)/.test(name)),
);
const rows = [];

for (const adapter of ['express', 'fastify']) {
  const client = { ...secret, GEMINI_API_KEY: 'of-no-project' };
  const costs = await race(
    {
      empty: () => toListening('empty', adapter),
      static: () => toListening('ours', adapter, secret),
      client: () => toListening('ours', adapter, client),
    },
    ROUNDS,
  );
  const on = adapter === 'express' ? 'Express' : 'Fastify';
  rows.push(
    ...rowsOf(costs, 'static', 'empty', [`start to listening on ${on}, static webhook`, 'empty Nest app'], 1.06, 6),
    ...rowsOf(costs, 'client', 'empty', [`start to listening on ${on}, with a client`, 'empty Nest app'], 1.12, 8),
  );
}

const url = process.env.TEST_REDIS_URL ?? process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const redis = new Redis(url, { lazyConnect: true, retryStrategy: null }).on('error', () => undefined);
const answers = await redis.connect().then(
  () => true,
  () => false,
);
if (answers) {
  const store = { ...secret, GEMINI_WEBHOOK_INBOX_URL: url };
  const prefix = `bench_${randomUUID()}`;
  const costs = await race(
    {
      bare: () => toAccepted('bare-bullmq', 'express', store, `${prefix}_bare`),
      ours: () => toAccepted('ours-bullmq', 'express', store, `${prefix}_ours`),
    },
    ROUNDS,
  );
  rows.push(...rowsOf(costs, 'ours', 'bare', ['start to the first 202 on Redis', 'bare BullMQ in a Nest app'], 1.15));
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 5_000 }))
    if (keys.length > 0) await redis.unlink(...keys);
} else {
  process.stderr.write(`No Redis at ${new URL(url).host}: skipped.\n`);
}
redis.disconnect();

process.send(rows, () => process.exit());

/** How long a process takes until it listens, and what it has used by then. */
async function toListening(...app) {
  const { child, ms, cpu } = await start(...app);
  return end(child, { ms, cpu });
}

/** The same until its first delivery is accepted. */
async function toAccepted(...app) {
  const { child, startedAt, cpu, port } = await start(...app);
  const status = await post(port, hmacDelivery(key, eventBody(200)));
  if (status !== 202) throw new Error(`${app[0]} answered ${status}.`);
  return end(child, { ms: performance.now() - startedAt, cpu });
}

async function start(contender, adapter, settings = {}, prefix = '') {
  const startedAt = performance.now();
  const child = fork(new URL('cold-start/app.js', import.meta.url), [contender, adapter, prefix], {
    env: { ...environment, ...settings },
    execArgv: ['--expose-gc'],
  });
  const { port, cpu } = await answerOf(child);
  return { child, startedAt, ms: performance.now() - startedAt, cpu, port };
}

async function end(child, costs) {
  child.send('rss');
  const { rss } = await answerOf(child);
  child.disconnect();
  await once(child, 'exit');
  return { ...costs, rss };
}

async function answerOf(child) {
  const ended = new AbortController();
  const [answer] = await Promise.race([
    once(child, 'message', { signal: ended.signal }),
    once(child, 'exit', { signal: ended.signal }).then(([code]) => {
      throw new Error(`The app ended with exit code ${code}.`);
    }),
  ]).finally(() => ended.abort());
  return answer;
}

async function post(port, { headers, body, url: path }) {
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false }).end(body);
  const [response] = await once(sent, 'response');
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

function rowsOf(costs, of, beside, [what, standsBeside], mostTime, mostMegabytes) {
  const each = (pick) => Object.fromEntries(Object.entries(costs).map(([name, all]) => [name, all.map(pick)]));
  const [ms, cpu, rss] = [each((one) => one.ms), each((one) => one.cpu), each((one) => one.rss)];
  const megabytes = median(rss[of].map((bytes, round) => (bytes - rss[beside][round]) / 1e6));
  const shown = (name) => `${median(ms[name]).toFixed(0)} ms`;
  // What one costs in times of the other is the speed of the other in times of the one.
  return [
    costRow(`${what}: ${shown(of)}`, `${standsBeside}, ${shown(beside)}`, speedRatio(ms, beside, of), mostTime),
    costRow(`${what}, CPU time`, standsBeside, speedRatio(cpu, beside, of)),
    costRow(`${what}, RSS`, `${standsBeside}, difference in MB`, megabytes, mostMegabytes),
  ];
}

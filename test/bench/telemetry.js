import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { median, QUICK, race, ratioRow, speedRatio } from './harness.js';

/**
 * The same app without an SDK of OpenTelemetry, with one that records everything, with one that records one trace in ten, and
 * without our telemetry but with as many spans and measurements made by the SDK alone: four and three for each delivery.
 */
const CONTENDERS = ['ours', 'traced', 'sampled', 'sdk'];
const ADAPTERS = ['Fastify', 'Express'];
const REQUESTS = 300;
/** At most 1.15 times as long. */
const TARGET = 1 / 1.15;

const key = randomBytes(32);
const load = start('client.js');
const slices = {};
for (const adapter of ADAPTERS) {
  for (const who of CONTENDERS) {
    const name = `${who}-${adapter.toLowerCase()}`;
    const server = start('server.js', name, `whsec_${key.toString('base64')}`);
    const { port } = await answerOf(server);
    // Processor time, because this is about what the server does.
    slices[name] = async () => {
      const before = await cpuOf(server);
      load.send({ port, count: REQUESTS, key, answer: 'processed' });
      await answerOf(load);
      return (await cpuOf(server)) - before;
    };
  }
}
const costs = await race(slices, QUICK ? { rounds: 15, warmUp: 15 } : { rounds: 100, warmUp: 60 });
for (const [name, values] of Object.entries(costs)) {
  process.stderr.write(`  ${name}: ${(median(values) / REQUESTS).toFixed(1)} µs of processor time for a delivery\n`);
}
const rows = ADAPTERS.flatMap((adapter) => {
  const ratio = (of, beside) =>
    speedRatio(costs, `${of}-${adapter.toLowerCase()}`, `${beside}-${adapter.toLowerCase()}`);
  const what = `receive over HTTP on ${adapter}`;
  return [
    ratioRow(`${what}, traced and measured`, 'without an SDK', ratio('traced', 'ours'), TARGET),
    ratioRow(`${what}, traced and measured`, 'as much by the SDK alone', ratio('traced', 'sdk')),
    ratioRow(`${what}, one trace in ten`, 'without an SDK', ratio('sampled', 'ours'), TARGET),
    ratioRow(`${what}, as much by the SDK alone`, 'without an SDK', ratio('sdk', 'ours')),
  ];
});
process.send(rows, () => process.exit());

/** Servers and load have a process each, and end with this one. */
function start(file, ...args) {
  const child = fork(new URL(`receive/${file}`, import.meta.url), args, { execArgv: [], serialization: 'advanced' });
  child.once('exit', (code) => {
    throw new Error(`${file} ${args[0] ?? ''} ended with exit code ${code}.`);
  });
  return child;
}

async function cpuOf(server) {
  server.send('cpu');
  return (await answerOf(server)).cpu;
}

async function answerOf(child) {
  const [answer] = await once(child, 'message');
  if (answer.error) throw new Error(answer.error);
  return answer;
}

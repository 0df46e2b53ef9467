import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { QUICK, race, ratioRow, speedRatio } from './harness.js';

/** The same app, without and with the SDK of OpenTelemetry: four spans and three measurements for each delivery. */
const CONTENDERS = ['ours-fastify', 'traced-fastify', 'ours-express', 'traced-express'];
const REQUESTS = 300;
/** At most 1.15 times as long. */
const TARGET = 1 / 1.15;

const key = randomBytes(32);
const load = start('client.js');
const slices = {};
for (const name of CONTENDERS) {
  const server = start('server.js', name, `whsec_${key.toString('base64')}`);
  const { port } = await answerOf(server);
  slices[name] = async () => {
    load.send({ port, count: REQUESTS, key, answer: 'processed' });
    return (await answerOf(load)).nanoseconds;
  };
}
const costs = await race(slices, QUICK ? { rounds: 15, warmUp: 15 } : { rounds: 100, warmUp: 60 });
process.send(
  ['Fastify', 'Express'].map((adapter) => {
    const ratio = speedRatio(costs, `traced-${adapter.toLowerCase()}`, `ours-${adapter.toLowerCase()}`);
    return ratioRow(`receive over HTTP on ${adapter}, traced and measured`, 'without an SDK', ratio, TARGET);
  }),
  () => process.exit(),
);

/** Servers and load have a process each, and end with this one. */
function start(file, ...args) {
  const child = fork(new URL(`receive/${file}`, import.meta.url), args, { execArgv: [], serialization: 'advanced' });
  child.once('exit', (code) => {
    throw new Error(`${file} ${args[0] ?? ''} ended with exit code ${code}.`);
  });
  return child;
}

async function answerOf(child) {
  const [answer] = await once(child, 'message');
  if (answer.error) throw new Error(answer.error);
  return answer;
}

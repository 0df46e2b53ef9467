import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { QUICK, race, ratioRow, speedRatio } from './harness.js';

/** Who answers, and what must stand in each answer: it shows that the work was done. */
const CONTENDERS = {
  'bare-fastify': '',
  'hmac-fastify': 'processed',
  'ours-fastify': 'processed',
  'bare-express': '',
  'hmac-express': 'processed',
  'ours-express': 'processed',
  standardwebhooks: 'processed',
};
const REQUESTS = 300;

const key = randomBytes(32);
const load = start('client.js');
const slices = {};
for (const [name, answer] of Object.entries(CONTENDERS)) {
  const server = start('server.js', name, `whsec_${key.toString('base64')}`);
  const { port } = await answerOf(server);
  slices[name] = async () => {
    const before = await cpuOf(server);
    load.send({ port, count: REQUESTS, key, answer });
    const { nanoseconds } = await answerOf(load);
    return { nanoseconds, cpu: (await cpuOf(server)) - before };
  };
}
const costs = await race(slices, QUICK ? { rounds: 15, warmUp: 15 } : { rounds: 100, warmUp: 60 });
const times = each(costs, ({ nanoseconds }) => nanoseconds);
// What the server itself worked: the load, and whatever else the machine does, is no part of it.
const cpuTimes = each(costs, ({ cpu }) => cpu);

const on = (adapter, target) => {
  const contender = (who) => `${who}-${adapter.toLowerCase()}`;
  return [
    ['bare Nest route', 'bare', target],
    ['the same with node:crypto in a guard', 'hmac'],
  ].flatMap(([beside, who, least]) => [
    ratioRow(`receive over HTTP on ${adapter}`, beside, speedRatio(times, contender('ours'), contender(who)), least),
    ratioRow(
      `receive over HTTP on ${adapter}, the server's CPU time`,
      beside,
      speedRatio(cpuTimes, contender('ours'), contender(who)),
    ),
  ]);
};
process.send(
  [
    ...on('Fastify', 0.8),
    ...on('Express', 0.9),
    ratioRow(
      'receive over HTTP on Express',
      'Express + standardwebhooks',
      speedRatio(times, 'ours-express', 'standardwebhooks'),
    ),
  ],
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

function each(measures, pick) {
  return Object.fromEntries(Object.entries(measures).map(([name, values]) => [name, values.map(pick)]));
}

/** The CPU time that a server has used so far, in microseconds. */
async function cpuOf(server) {
  server.send('cpu');
  return (await answerOf(server)).cpu;
}

async function answerOf(child) {
  const [answer] = await once(child, 'message');
  if (answer.error) throw new Error(answer.error);
  return answer;
}

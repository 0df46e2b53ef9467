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
  const { port } = await answerOf(start('server.js', name, `whsec_${key.toString('base64')}`));
  slices[name] = async () => {
    load.send({ port, count: REQUESTS, key, answer });
    return (await answerOf(load)).nanoseconds;
  };
}
const costs = await race(slices, QUICK ? { rounds: 15, warmUp: 15 } : { rounds: 100, warmUp: 60 });

const on = (adapter, target) => [
  ratioRow(
    `receive over HTTP on ${adapter}`,
    'bare Nest route',
    speedRatio(costs, `ours-${adapter.toLowerCase()}`, `bare-${adapter.toLowerCase()}`),
    target,
  ),
  ratioRow(
    `receive over HTTP on ${adapter}`,
    'the same with node:crypto in a guard',
    speedRatio(costs, `ours-${adapter.toLowerCase()}`, `hmac-${adapter.toLowerCase()}`),
  ),
];
process.send(
  [
    ...on('Fastify', 0.8),
    ...on('Express', 0.9),
    ratioRow(
      'receive over HTTP on Express',
      'Express + standardwebhooks',
      speedRatio(costs, 'ours-express', 'standardwebhooks'),
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

async function answerOf(child) {
  const [answer] = await once(child, 'message');
  if (answer.error) throw new Error(answer.error);
  return answer;
}

import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { QUICK, race } from '../harness.js';

const REQUESTS = 300;

/**
 * Sends deliveries to servers in turn, each in a process of its own.
 *
 * @param contenders name → `answer`, which must stand in each answer (it shows that the work was done), `sender` and `path`
 *   for a server that is not sent Gemini's deliveries
 * @returns name → the times and the CPU times of the servers, a value a round
 */
export async function raceServers(contenders) {
  const key = randomBytes(32);
  const load = start('client.js');
  const slices = {};
  for (const [name, order] of Object.entries(contenders)) {
    const server = start('server.js', name, `whsec_${key.toString('base64')}`);
    const { port } = await answerOf(server);
    slices[name] = async () => {
      const before = await cpuOf(server);
      load.send({ port, count: REQUESTS, key, ...order });
      const { nanoseconds } = await answerOf(load);
      return { nanoseconds, cpu: (await cpuOf(server)) - before };
    };
  }
  const costs = await race(slices, QUICK ? { rounds: 15, warmUp: 15 } : { rounds: 100, warmUp: 60 });
  return {
    times: each(costs, ({ nanoseconds }) => nanoseconds),
    // What the server itself worked: the load, and whatever else the machine does, is no part of it.
    cpuTimes: each(costs, ({ cpu }) => cpu),
  };
}

/** Servers and load have a process each, and end with this one. */
function start(file, ...args) {
  const child = fork(new URL(file, import.meta.url), args, { execArgv: [], serialization: 'advanced' });
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

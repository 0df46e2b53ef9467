import { ratioRow, speedRatio } from './harness.js';
import { raceServers } from './receive/race.js';

const { times, cpuTimes } = await raceServers({
  'bare-fastify': { answer: '' },
  'hmac-fastify': { answer: 'processed' },
  'ours-fastify': { answer: 'processed' },
  'bare-express': { answer: '' },
  'hmac-express': { answer: 'processed' },
  'ours-express': { answer: 'processed' },
  standardwebhooks: { answer: 'processed' },
});

const on = (adapter, targets) => {
  const contender = (who) => `${who}-${adapter.toLowerCase()}`;
  return [
    ['bare Nest route', 'bare'],
    ['the same with node:crypto in a guard', 'hmac'],
  ].flatMap(([beside, who]) => [
    ratioRow(
      `receive over HTTP on ${adapter}`,
      beside,
      speedRatio(times, contender('ours'), contender(who)),
      targets[who],
    ),
    ratioRow(
      `receive over HTTP on ${adapter}, the server's CPU time`,
      beside,
      speedRatio(cpuTimes, contender('ours'), contender(who)),
      targets[`${who} cpu`],
    ),
  ]);
};
process.send(
  [
    ...on('Fastify', { bare: 0.8, 'hmac cpu': 0.95 }),
    ...on('Express', { bare: 0.9 }),
    ratioRow(
      'receive over HTTP on Express',
      'Express + standardwebhooks',
      speedRatio(times, 'ours-express', 'standardwebhooks'),
      1.15,
    ),
    ratioRow(
      "receive over HTTP on Express, the server's CPU time",
      'Express + standardwebhooks',
      speedRatio(cpuTimes, 'ours-express', 'standardwebhooks'),
    ),
  ],
  () => process.exit(),
);

import { ratioRow, speedRatio } from './harness.js';
import { installPeers } from './receive/peers.js';
import { raceServers } from './receive/race.js';

/** Other webhook receivers for Nest, with deliveries of the senders that they are for. */
const PEERS = {
  stripe: { beside: '@golevelup/nestjs-stripe 1.1', sender: 'stripe', answer: '', path: '/gemini/webhooks/webhook' },
  github: { beside: '@octokit/webhooks 14 in a Nest route', sender: 'github', answer: 'processed' },
};
const ADAPTERS = ['Fastify', 'Express'];

await installPeers();
const contenders = ADAPTERS.flatMap((adapter) => [
  [`ours-${adapter.toLowerCase()}`, { answer: 'processed' }],
  ...Object.entries(PEERS).map(([who, { beside: _beside, ...order }]) => [`${who}-${adapter.toLowerCase()}`, order]),
]);
const { times, cpuTimes } = await raceServers(Object.fromEntries(contenders));

const rows = ADAPTERS.flatMap((adapter) =>
  Object.entries(PEERS).flatMap(([who, { beside }]) => {
    const ratio = (costs) => speedRatio(costs, `ours-${adapter.toLowerCase()}`, `${who}-${adapter.toLowerCase()}`);
    return [
      ratioRow(`receive over HTTP on ${adapter}`, beside, ratio(times)),
      ratioRow(`receive over HTTP on ${adapter}, the server's CPU time`, beside, ratio(cpuTimes), 1.3),
    ];
  }),
);
process.send(rows, () => process.exit());

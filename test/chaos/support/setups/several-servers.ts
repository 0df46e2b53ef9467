import { Queue } from 'bullmq';
import { openQueue, type InspectedQueue } from '../../../support/queues.js';
import { startRedisCluster } from '../../../support/redis-cluster.js';
import { setTimeout as wait } from 'node:timers/promises';
import { FaultyLine } from '../faulty-line.js';
import { backendsTerminated, clientsKilled, cut, memoryFull, stalled } from '../store-faults.js';
import { OwnSentinels } from './own-sentinels.js';
import { ReplicatedPostgres } from './replicated-postgres.js';
import { FAULT_MS, onStore, planned, processFaults, type Setup } from './setup.js';

const PROCESSES = 3;

export const PROMOTED_POSTGRES: Setup = {
  name: 'PostgreSQL with a synchronous standby',
  usual: true,
  tolerated: ['skewed'],
  async start() {
    const servers = await ReplicatedPostgres.start();
    const line = new FaultyLine(servers.url);
    const url = await line.start();
    const store = { store: servers, line };
    const promoted = {
      name: 'primary crashed, standby promoted',
      async happen() {
        await servers.failOver();
        line.moveTo(servers.url);
        await servers.attach();
      },
    };
    return {
      inbox: { url },
      processes: PROCESSES,
      faults: [
        planned(promoted, 1, 4),
        onStore(store, cut, 0, 2),
        onStore(store, stalled, 0, 2),
        onStore(store, backendsTerminated, 0, 2),
        ...processFaults(),
      ],
      openQueue: (name) => openQueue(servers.url, name),
      async stop() {
        line.stop();
        await servers.remove();
      },
    };
  },
};

export const REDIS_CLUSTER: Setup = {
  name: 'Redis Cluster, three masters',
  async start() {
    const prefix = '{gemini}';
    const servers = await startRedisCluster();
    const connection = servers.connect();
    const { holder } = await servers.urlsFor(prefix);
    const store = { store: { url: holder } };
    const restarted = { name: 'master killed and started', happen: () => servers.restart(holder) };
    const silent = {
      name: 'master frozen',
      async happen() {
        servers.signal(holder, 'SIGSTOP');
        await wait(FAULT_MS);
        servers.signal(holder, 'SIGCONT');
      },
    };
    return {
      inbox: { prefix, cluster: servers.urls.map((url) => ({ host: '127.0.0.1', port: Number(new URL(url).port) })) },
      processes: PROCESSES,
      faults: [
        planned(restarted, 1, 4),
        planned(silent, 0, 4),
        onStore(store, clientsKilled, 0, 2),
        onStore(store, memoryFull, 0, 2),
        ...processFaults(),
      ],
      openQueue: (name) => new Queue(name, { connection, prefix }) as unknown as InspectedQueue,
      async stop() {
        connection.disconnect();
        await servers.stop();
      },
    };
  },
};

export const REDIS_SENTINEL: Setup = {
  name: 'Redis with a replica and three sentinels',
  async start() {
    const servers = await OwnSentinels.start();
    const connection = servers.connect();
    return {
      inbox: { sentinels: servers.addresses },
      processes: PROCESSES,
      faults: [
        planned({ name: 'master killed, replica promoted', happen: () => servers.killMaster() }, 1, 4),
        planned({ name: 'SENTINEL FAILOVER', happen: () => servers.failOver() }, 0, 3),
        ...processFaults(),
      ],
      openQueue: (name) => new Queue(name, { connection }) as unknown as InspectedQueue,
      async stop() {
        connection.disconnect();
        await servers.remove();
      },
    };
  },
};

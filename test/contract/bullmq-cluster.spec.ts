import { afterAll, afterEach, beforeAll, beforeEach, describe, jest } from '@jest/globals';
import { Queue } from 'bullmq';
import type { Cluster } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { bullmqInbox, bullmqSecretStore } from '../../lib/bullmq/index.js';
import type { InboxEngine } from '../../lib/inbox/inbox-engine.js';
import { startRedisCluster, type TestCluster } from '../support/redis-cluster.js';
import { STORES } from '../support/stores.js';
import { BullmqInboxUnderTest } from '../support/bullmq-inbox-under-test.js';
import { inboxContract } from './inbox.contract.js';
import { jobTrackerContract } from './job-tracker.contract.js';
import { secretStoreContract } from './secret-store.contract.js';

jest.setTimeout(60_000);

const prefix = '{gemini}';

(STORES.some(({ name }) => name === 'Redis') ? describe : describe.skip)('on a cluster of three Redis servers', () => {
  let servers: TestCluster;
  let connection: Cluster;

  beforeAll(async () => {
    servers = await startRedisCluster();
    connection = servers.connect();
  });

  afterAll(async () => {
    connection.disconnect();
    await servers.stop();
  });

  describe("through the app's own client", () => {
    const inbox = new BullmqInboxUnderTest(
      () => ({ connection, prefix }),
      (name) => new Queue(name, { connection, prefix }),
    );
    const engines: InboxEngine[] = [];
    let secretsPrefix: string;

    beforeEach(() => {
      secretsPrefix = `{secrets-${randomUUID()}}`;
    });

    afterEach(async () => {
      await Promise.all(engines.splice(0).map((engine) => engine.close()));
    });

    afterAll(() => inbox.close());

    inboxContract('BullMQ', inbox);

    jobTrackerContract('BullMQ', {
      async create(host) {
        const queueName = `contract-${randomUUID()}`;
        const engine = bullmqInbox({ connection, prefix, queueName, backoff: { type: 'fixed', delay: 20 } })(host);
        engines.push(engine);
        return engine;
      },
      async ready({ failedEvents, jobs }) {
        await failedEvents!.list();
        await jobs!.find({ id: 'none' });
      },
    });

    secretStoreContract('of BullMQ', () =>
      bullmqSecretStore({ connection, prefix: secretsPrefix })({ registration: 'default', keys: ['a key'] }),
    );
  });
});

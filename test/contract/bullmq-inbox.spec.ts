import { afterAll, describe, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { drained, openQueue, type InspectedQueue } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { inboxContract } from './inbox.contract.js';

jest.setTimeout(60_000);

describe.each(STORES)('on $name', ({ url }) => {
  const queues: { readonly queue: InspectedQueue; readonly announced: ReadonlySet<string> }[] = [];

  afterAll(async () => {
    await Promise.all(queues.map(({ queue }) => queue.close()));
  });

  inboxContract('BullMQ', {
    async create(host) {
      const queueName = `contract-${randomUUID()}`;
      const announced = new Set<string>();
      const inbox = bullmqInbox({ url, queueName, attempts: 5, backoff: { type: 'fixed', delay: 20 } });
      const engine = inbox({
        ...host,
        announce: (delivery) => {
          announced.add(delivery.key);
          host.announce(delivery);
        },
      });
      await engine.start?.();
      await until(() =>
        engine.failedEvents!.list().then(
          () => true,
          () => false,
        ),
      );
      queues.push({ queue: openQueue(url, queueName), announced });
      return engine;
    },

    async idle() {
      const { queue, announced } = queues.at(-1)!;
      await drained(queue);
      const jobs = await queue.getJobs(['completed', 'failed']);
      await until(() => jobs.every(({ data }) => announced.has((data as { key: string }).key)));
    },
  });
});

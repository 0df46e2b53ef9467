import { afterAll, describe, jest } from '@jest/globals';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { removeTestQueues, testQueue } from '../support/durable.js';
import { STORES } from '../support/stores.js';
import { jobTrackerProperty } from './job-tracker.property.js';

jest.setTimeout(120_000);

describe.each(STORES)('on $name', ({ url }) => {
  afterAll(removeTestQueues);

  jobTrackerProperty(
    'BullMQ',
    {
      create: async (host) => {
        const { name } = testQueue(url);
        testQueue(url, `${name}-jobs`);
        return bullmqInbox({ url, queueName: name, backoff: { type: 'fixed', delay: 20 } })(host);
      },
      ready: async ({ failedEvents, jobs }) => {
        await failedEvents!.list();
        await jobs!.find({ id: 'none' });
      },
    },
    10,
  );
});

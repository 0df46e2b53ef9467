import { afterAll, describe, jest } from '@jest/globals';
import { openQueue } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { BullmqInboxUnderTest } from '../support/bullmq-inbox-under-test.js';
import { inboxContract } from './inbox.contract.js';

jest.setTimeout(60_000);

describe.each(STORES)('on $name', ({ url }) => {
  const inbox = new BullmqInboxUnderTest(
    () => ({ url }),
    (name) => openQueue(url, name),
  );

  afterAll(() => inbox.close());

  inboxContract('BullMQ', inbox);
});

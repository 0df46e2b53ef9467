import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { bullmqInbox } from '../../../lib/bullmq/index.js';
import type { InboxHost } from '../../../lib/inbox/inbox-engine.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { STORES } from '../../support/stores.js';
import { until } from '../../support/until.js';

jest.setTimeout(30_000);

const host: InboxHost = {
  registration: 'default',
  toleranceSeconds: 300,
  handlers: () => [],
  dispatch: async () => ({ retryable: [], final: [] }),
  announce: () => undefined,
};

describe.each(STORES)('bullmqInbox on $name', ({ url }) => {
  let logger: RecordingLogger;

  beforeEach(() => {
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
  });

  afterEach(() => {
    Logger.overrideLogger(false);
  });

  it('warns of nothing when it is closed as soon as it is there, or before', async () => {
    for (let moment = 0; moment < 8; moment += 1) {
      const inbox = bullmqInbox({ url, queueName: `closed-${randomUUID()}`, workers: false })(host);
      await inbox.start?.();
      let there = false;
      if (moment % 2 === 0) {
        await until(
          async () => {
            // Rejects without a request until the queue is ready: what is asked next is the server's settings.
            void inbox
              .failedEvents!.list({ limit: 0 })
              .then(() => (there = true))
              .catch(() => undefined);
            return there;
          },
          { everyMs: 0 },
        );
      }
      await inbox.close();
    }

    expect(logger.text).not.toContain('settings could not be read');
  });
});

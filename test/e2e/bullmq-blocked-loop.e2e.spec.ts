import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { handlerOf, inboxOn, removeTestQueues, testQueue } from '../support/durable.js';
import { drained } from '../support/queues.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const LOCK_MS = 500;
const BLOCK_MS = 700;

describe.each(STORES)('a handler that blocks the event loop past its lock, on $name', ({ url }) => {
  let logger: RecordingLogger;

  beforeEach(() => {
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
  });

  afterEach(async () => {
    await closeApps();
    Logger.overrideLogger(false);
    await removeTestQueues();
  });

  it.each([
    ['from its first line', async () => undefined],
    ['after it has waited', () => new Promise((resolve) => setImmediate(resolve))],
  ])('is reported in one line: %s', async (_when, wait) => {
    let runs = 0;
    const handler = handlerOf('Orders.compute', async () => {
      runs += 1;
      await wait();
      const endsAt = performance.now() + BLOCK_MS;
      while (performance.now() < endsAt);
    });
    const queue = testQueue(url);
    const { origin } = await startApp(
      { imports: [staticWebhooks({ inbox: inboxOn(queue, { lockDurationMs: LOCK_MS }) })], providers: [handler] },
      { adapter: ADAPTERS[0], options: { logger } },
    );
    expect(await deliver(origin)).toMatchObject({ status: 202 });
    await until(() => runs > 0);
    await drained(queue.queue);

    expect(logger.of('warn').filter((line) => line.includes('event loop was blocked'))).toEqual([
      expect.stringMatching(/blocked for 0\.\d s while Orders\.compute ran.*0\.5 s \(lockDurationMs\)/),
    ]);
    expect(runs).toBe(1);
  });
});

import { describe, expect, it } from '@jest/globals';
import { RELAY_TIMING } from '../../../../../lib/bullmq/store/inbox-store.js';
import { RETRY_FOREVER, SUBSCRIBER } from '../../../../../lib/bullmq/store/redis/redis-client.js';
import { IDLE_SECONDS } from '../../../../../lib/bullmq/store/worker-options.js';

describe('a connection of a worker or a relay', () => {
  it.each([
    ['blocks for a job', IDLE_SECONDS * 1_000],
    ['blocks for a message', RELAY_TIMING.blockTimeout],
  ])('is closed if it gets no answer, but not while a request %s', (_what, blocksMs) => {
    for (const { socketTimeout } of [RETRY_FOREVER, SUBSCRIBER]) {
      expect(socketTimeout).toBeGreaterThan(blocksMs + 10_000);
      expect(socketTimeout).toBeLessThanOrEqual(60_000);
    }
  });
});

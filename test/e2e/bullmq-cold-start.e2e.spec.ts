import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { GeminiFailedEvents } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { ACCEPTED, removeTestQueues, startDurableApp, testQueue } from '../support/durable.js';
import { deliver, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';

const STARTS = 5;
/** The contract's 2 s plus a margin for a busy machine. */
const ANSWER_MS = 2_500;

jest.setTimeout(60_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
});

describe.each(STORES)('an app that has just been started, on $name', ({ url }) => {
  it(`accepts the first delivery after listen, in ${STARTS} of ${STARTS} starts`, async () => {
    const answers: unknown[] = [];
    for (let start = 0; start < STARTS; start += 1) {
      const { origin } = await startDurableApp(testQueue(url), [], { workers: false });
      answers.push(await deliver(origin, { id: `batch_${start}` }));
    }

    expect(answers).toEqual(Array.from({ length: STARTS }, () => expect.objectContaining(ACCEPTED)));
  });

  it('lists its failed events at once', async () => {
    const { app } = await startDurableApp(testQueue(url), [], { workers: false });

    expect(await app.get(GeminiFailedEvents).list()).toEqual([]);
  });

  it('answers 503 in time when the store is down, and rejects requests for failed events', async () => {
    const down = new URL(url);
    down.port = '1';
    const inbox = bullmqInbox({ url: down.href, queueName: `cold-${randomUUID()}`, workers: false });
    const { app, origin } = await startApp({ imports: [staticWebhooks({ inbox })] }, { adapter: ADAPTERS[0] });
    const startedAt = Date.now();
    const [answer, failed] = await Promise.all([
      deliver(origin),
      app
        .get(GeminiFailedEvents)
        .list()
        .catch((error: unknown) => error),
    ]);

    expect(answer).toMatchObject({ status: 503, body: { code: 'inbox_unavailable' } });
    expect(failed).toMatchObject({ code: 'inbox_unavailable' });
    expect(Date.now() - startedAt).toBeLessThan(ANSWER_MS);
  });
});

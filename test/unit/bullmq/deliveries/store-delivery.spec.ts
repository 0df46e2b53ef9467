import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { storeDelivery, type StoreDeliveryOptions } from '../../../../lib/bullmq/deliveries/store-delivery.js';
import { bullmqInboxConfig } from '../../../../lib/bullmq/bullmq-inbox.options.js';
import { deliveryJobId, toDeliveryJobData } from '../../../../lib/bullmq/store/delivery-job.js';
import type { DeliveryQueue } from '../../../../lib/bullmq/store/inbox-store.js';
import { deferred } from '../../../support/deferred.js';
import { deliveryOf } from '../../../support/deliveries.js';
import { refusalOf } from '../../../support/verifying.js';

const delivery = deliveryOf();
const HOST = { registration: 'default', toleranceSeconds: 300, inboxUrl: undefined };

/** Stores the delivery in a queue, and returns what the queue and the monitor of outages were told. */
function store({
  add = async () => undefined,
  open,
  ...options
}: { add?: () => Promise<unknown>; open?: () => Promise<void> } & Partial<StoreDeliveryOptions> = {}) {
  const added: unknown[][] = [];
  const health: unknown[] = [];
  const queue = {
    add: (...given: unknown[]) => {
      added.push(given);
      return add();
    },
  } as unknown as DeliveryQueue;
  const stored = storeDelivery(
    async () => {
      await open?.();
      return queue;
    },
    delivery,
    {
      config: bullmqInboxConfig({ url: 'redis://127.0.0.1' }, HOST),
      handlers: [{ name: 'publish', patterns: ['batch.*'] }],
      outages: { available: () => health.push('available'), writeFailed: (error) => health.push(error) },
      ...options,
    },
  );
  return { stored, added, health };
}

describe('storing a delivery', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it("adds a job with the event and the names of this process' handlers", async () => {
    const { stored, added, health } = store();
    await stored;

    const [name, data, options] = added[0] ?? [];
    expect([name, options]).toEqual([
      'batch.succeeded',
      expect.objectContaining({ jobId: deliveryJobId(delivery.key) }),
    ]);
    expect(data).toEqual({ ...toDeliveryJobData(delivery), idleHandlers: ['publish'] });
    expect(health).toEqual(['available']);
  });

  it('adds the position in the trace, if there is one', async () => {
    const { stored, added } = store({ trace: { traceparent: '00-1' } });
    await stored;

    expect(added[0]?.[1]).toMatchObject({ trace: { traceparent: '00-1' } });
  });

  it('throws inbox_unavailable with the reason if the store fails', async () => {
    const down = new Error('connect ECONNREFUSED');
    const { stored, health } = store({ add: () => Promise.reject(down) });

    expect(await refusalOf(() => stored)).toMatchObject({
      code: 'inbox_unavailable',
      message: 'The event could not be stored.',
      cause: down,
    });
    expect(health).toEqual([down]);
  });

  it.each([
    [0, 1_900],
    [1_500, 400],
    [2_500, 1],
  ])('gives the store 1.9 s in all: it had to connect for %i ms, so it has %i ms', async (connectMs, leftMs) => {
    jest.useFakeTimers();
    const connected = deferred();
    const refused = refusalOf(
      () => store({ open: () => connected.promise, add: () => new Promise(() => undefined) }).stored,
    );
    jest.advanceTimersByTime(connectMs);
    connected.resolve();
    await jest.advanceTimersByTimeAsync(leftMs);

    expect(await refused).toMatchObject({ cause: { message: `the store did not answer (${leftMs} ms).` } });
  });
});

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { storeDelivery, type StoreDeliveryOptions } from '../../../../lib/bullmq/deliveries/store-delivery.js';
import { bullmqInboxConfig } from '../../../../lib/bullmq/bullmq-inbox.options.js';
import { deliveryJobId, toDeliveryJobData } from '../../../../lib/bullmq/store/delivery-job.js';
import type { DeliveryQueue } from '../../../../lib/bullmq/store/inbox-store.js';
import type { VerifiedDelivery } from '../../../../lib/events/verified-delivery.js';
import { deferred } from '../../../support/deferred.js';
import { deliveryOf } from '../../../support/deliveries.js';
import { refusalOf } from '../../../support/verifying.js';

const delivery = deliveryOf();
const HOST = { registration: 'default', toleranceSeconds: 300, inboxUrl: undefined };

/** Stores the delivery in a queue, and returns what the queue and the monitor of outages were told. */
function store({
  add = async () => undefined,
  open,
  event = delivery,
  earlierKey,
  ...options
}: {
  add?: () => Promise<unknown>;
  open?: () => Promise<void>;
  event?: VerifiedDelivery;
  /** Key under which the queue has the event of an earlier version. */
  earlierKey?: string;
} & Partial<StoreDeliveryOptions> = {}) {
  const added: unknown[][] = [];
  const asked: string[] = [];
  const health: unknown[] = [];
  const queue = {
    add: (...given: unknown[]) => {
      added.push(given);
      return add();
    },
    getJob: async (id: string) => {
      asked.push(id);
      return earlierKey !== undefined && id === deliveryJobId(earlierKey) ? {} : undefined;
    },
  } as unknown as DeliveryQueue;
  const stored = storeDelivery(
    async () => {
      await open?.();
      return queue;
    },
    event,
    {
      config: bullmqInboxConfig({ url: 'redis://127.0.0.1' }, HOST),
      handlers: [{ name: 'publish', patterns: ['batch.*'] }],
      outages: { available: () => health.push('available'), writeFailed: (error) => health.push(error) },
      ...options,
    },
  );
  return { stored, added, asked, health };
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
    // The process has run for a while.
    jest.advanceTimersByTime(10_000);
    const connected = deferred();
    const refused = refusalOf(
      () => store({ open: () => connected.promise, add: () => new Promise(() => undefined) }).stored,
    );
    jest.advanceTimersByTime(connectMs);
    connected.resolve();
    await jest.advanceTimersByTimeAsync(leftMs);

    expect(await refused).toMatchObject({ cause: { message: `the store did not answer (${leftMs} ms).` } });
  });

  describe('of a video', () => {
    const ofVideo = { type: 'video.generated', id: 'op9', params: { project: 'acme' } };
    const earlierKey = 'default/project=acme/video/op9/video.generated';

    it('adds no job if version 0.1.0 has stored the event under the key that it used', async () => {
      const { stored, added, health } = store({ event: deliveryOf(ofVideo), earlierKey });
      await stored;

      expect([added, health]).toEqual([[], ['available']]);
    });

    it('adds a job if version 0.1.0 has not', async () => {
      const { stored, added, asked } = store({ event: deliveryOf(ofVideo) });
      await stored;

      expect(asked).toEqual([deliveryJobId(earlierKey)]);
      expect(added).toHaveLength(1);
    });

    it('asks for no earlier event if the video is that of a job of ours, whose key has not changed', async () => {
      const event = deliveryOf({ ...ofVideo, job: { kind: 'video', id: 'j1' } });
      const { stored, added, asked } = store({ event, earlierKey });
      await stored;

      expect(asked).toEqual([]);
      expect(added).toHaveLength(1);
    });
  });

  it('asks for no earlier event of another kind', async () => {
    const { stored, asked } = store();
    await stored;

    expect(asked).toEqual([]);
  });
});

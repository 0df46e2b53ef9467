import { describe, expect, it } from '@jest/globals';
import type { Relay } from 'bullmq';
import { Peers } from '../../../../lib/bullmq/peers/peers.js';
import { STORE_FORMAT } from '../../../../lib/bullmq/peers/store-format.js';
import { toDeliveryJobData, type DeliveryJobData } from '../../../../lib/bullmq/store/delivery-job.js';
import { deliveryOf } from '../../../support/deliveries.js';
import { until } from '../../../support/until.js';

const RELAY_LIMIT_BYTES = 512 * 1024;

/** A process on a relay that has no other nodes. */
function peersOn(relay: object): Peers {
  const idle = {
    nodeId: 'self',
    on: () => undefined,
    waitUntilReady: async () => undefined,
    subscribe: async () => undefined,
    deleteRetained: async () => true,
    getNodeConnections: async () => [],
    getSubscriptions: async () => [],
    close: async () => undefined,
  };
  return new Peers(async () => ({ ...idle, ...relay }) as unknown as Relay<never>, {
    publishLocally: () => undefined,
    load: async () => undefined,
    self: { works: true, handlers: [] },
    queueName: 'orders',
    onFailure: () => undefined,
  });
}

describe('a process that connects to its peers', () => {
  it('records the format of the data that it stores', async () => {
    const retained: string[] = [];
    const peers = peersOn({
      publish: async (topic: string) => void retained.push(topic),
      getRetained: async () => [],
    });
    peers.start();
    await until(() => retained.includes(`format.${STORE_FORMAT}`));
    await peers.leave();
    await peers.close();

    expect(retained).toContain('roster.self');
  });
});

describe('events that are published to the other processes', () => {
  it('leave out the names of handlers, so that a message stays below the limit of the relay', async () => {
    const sent: DeliveryJobData[][] = [];
    const other = JSON.stringify({ node: 'other', works: true, handlers: [] });
    const peers = peersOn({
      publish: async (topic: string, data: unknown) =>
        void (topic === 'events' && sent.push(data as DeliveryJobData[])),
      getRetained: async () => [{ topic: 'roster.other', data: other }],
    });
    peers.start();
    await peers.ready();

    const names = Array.from({ length: 100 }, (_, index) => `OrdersOfTheDepartment.publishResult${index}`);
    const deliveries = Array.from({ length: 400 }, (_, index) => deliveryOf({ id: `batch_${index}` }));
    await Promise.all(
      deliveries.map((delivery) =>
        peers.publish(delivery, {
          ...toDeliveryJobData(delivery),
          idleHandlers: names,
          decidedHandlers: { 'video.failed': names },
        }),
      ),
    );
    await peers.leave();
    await peers.close();

    expect(sent.flat()).toEqual(deliveries.map(toDeliveryJobData));
    for (const batch of sent) expect(JSON.stringify(batch).length).toBeLessThan(RELAY_LIMIT_BYTES);
  });
});

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { closeApps } from '../support/apps.js';
import { busFleet } from '../support/bus-fleet.js';
import { deliverUntilTaken, removeTestQueues, testQueue } from '../support/durable.js';
import { drained } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { times } from './support/counts.js';
import { each, idsOf } from './support/load.js';

const EVENTS = times(250, 10_000);
const IN_FLIGHT = 32;

jest.setTimeout(120_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
});

describe.each(STORES)('the bus of three processes on $name', ({ url }) => {
  it(`delivers each of ${EVENTS} events in a burst once to every process`, async () => {
    const queue = testQueue(url);
    const members = await busFleet(queue);

    await each(idsOf(EVENTS).entries(), IN_FLIGHT, ([index, id]) =>
      deliverUntilTaken(members[index % 3]!.origin, { id }),
    );
    await drained(queue.queue);

    const counted = ({ heard }: { heard: string[] }) => heard.filter((id) => id.startsWith('batch'));
    await until(() => members.every((member) => counted(member).length >= EVENTS)).catch(() => undefined);
    for (const member of members) {
      expect(counted(member)).toHaveLength(EVENTS);
      expect(new Set(counted(member)).size).toBe(EVENTS);
    }
  });
});

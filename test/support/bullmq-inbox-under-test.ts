import type { Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { bullmqInbox, type BullmqInboxOptions } from '../../lib/bullmq/index.js';
import { drained, type InspectedQueue } from './queues.js';
import { until } from './until.js';
import type { InboxUnderTest } from '../contract/inbox.contract.js';

/** The durable inbox for its contract. */
export class BullmqInboxUnderTest implements InboxUnderTest {
  readonly #options: () => BullmqInboxOptions;
  readonly #open: (name: string) => InspectedQueue | Queue;
  readonly #queues: { readonly queue: InspectedQueue; readonly announced: ReadonlySet<string> }[] = [];

  /** @param open opens a queue as another client */
  constructor(options: () => BullmqInboxOptions, open: (name: string) => InspectedQueue | Queue) {
    this.#options = options;
    this.#open = open;
  }

  readonly create: InboxUnderTest['create'] = async (host) => {
    const queueName = `contract-${randomUUID()}`;
    const announced = new Set<string>();
    const inbox = bullmqInbox({ queueName, attempts: 5, backoff: { type: 'fixed', delay: 20 }, ...this.#options() });
    const engine = inbox({
      ...host,
      announce: (delivery) => {
        announced.add(delivery.key);
        host.announce(delivery);
      },
    });
    await engine.start?.();
    await until(() =>
      engine.failedEvents!.list().then(
        () => true,
        () => false,
      ),
    );
    this.#queues.push({ queue: this.#open(queueName), announced });
    return engine;
  };

  readonly idle: InboxUnderTest['idle'] = async () => {
    const { queue, announced } = this.#queues.at(-1)!;
    await drained(queue);
    const jobs = await queue.getJobs(['completed', 'failed']);
    await until(() => jobs.every(({ data }) => announced.has((data as { key: string }).key)));
  };

  /** For `afterAll`. */
  async close(): Promise<void> {
    await Promise.all(this.#queues.map(({ queue }) => queue.close()));
  }
}

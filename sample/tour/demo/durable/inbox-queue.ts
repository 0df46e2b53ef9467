import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { setTimeout as tick } from 'node:timers/promises';
import { until } from '../until.js';

const READY_TIMEOUT_MS = 5_000;
const UNFINISHED = 'The worker does not come to an end with what it has.';

type InspectedQueue = Pick<
  Queue,
  'waitUntilReady' | 'getJobCounts' | 'getJobs' | 'obliterate' | 'close' | 'on' | 'disconnect'
>;

/** The inbox's queues as any tool for BullMQ sees them. */
export class InboxQueue {
  readonly #queue: InspectedQueue;
  /** Of tracked jobs. */
  readonly #jobs: InspectedQueue;

  private constructor(queue: InspectedQueue, jobs: InspectedQueue) {
    this.#queue = queue;
    this.#jobs = jobs;
  }

  /** @throws Error whose message is for whoever typed the URL */
  static async open(url: string, name: string): Promise<InboxQueue> {
    const queues = [makeQueue(url, name), makeQueue(url, `${name}-jobs`)] as const;
    // Outages of the store are the inbox's to tell of.
    for (const queue of queues) queue.on('error', () => undefined);
    try {
      await within(Promise.all(queues.map((queue) => queue.waitUntilReady())), READY_TIMEOUT_MS);
      return new InboxQueue(...queues);
    } catch (cause) {
      for (const queue of queues) void queue.disconnect().catch(() => undefined);
      throw new Error(`--inbox: the store at ${new URL(url).host} cannot be used: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /** Resolves when nothing waits, runs or is to be tried again. */
  async idle(): Promise<void> {
    await until(async () => {
      const counts = await this.#queue.getJobCounts('waiting', 'active', 'delayed');
      return Object.values(counts).every((count) => count === 0);
    }, UNFINISHED);
  }

  /** Resolves when an event that is being handled has a handler's success written down. */
  async checkpointed(handler: string): Promise<void> {
    await until(async () => {
      const jobs = await this.#queue.getJobs(['active']);
      return jobs.some(({ progress }) => {
        const { handlers = {} } = progress as { handlers?: Record<string, string> };
        return handlers[handler] === 'succeeded';
      });
    }, UNFINISHED);
  }

  /** Removes the queues with all that is in them. */
  async remove(): Promise<void> {
    for (const queue of [this.#queue, this.#jobs]) {
      await queue.obliterate({ force: true });
      await queue.close();
    }
  }
}

function makeQueue(url: string, name: string): InspectedQueue {
  if (url.startsWith('redis')) return new Queue(name, { connection: { url, retryStrategy: () => null } });
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  const connection = { connectionString: url, max: 2, migrate: true };
  return new PostgresQueue(name, { connection }) as unknown as InspectedQueue;
}

async function within(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const stop = new AbortController();
  const late = tick(timeoutMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`no answer within ${timeoutMs / 1000} s`);
  });
  late.catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}

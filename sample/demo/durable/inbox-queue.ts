import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { setTimeout as tick } from 'node:timers/promises';

const READY_TIMEOUT_MS = 5_000;
const TIMEOUT_MS = 20_000;
const POLL_MS = 20;

type InspectedQueue = Pick<
  Queue,
  'waitUntilReady' | 'getJobCounts' | 'getJobs' | 'obliterate' | 'close' | 'on' | 'disconnect'
>;

/** The inbox's queue as any tool for BullMQ sees it. */
export class InboxQueue {
  readonly #queue: InspectedQueue;

  private constructor(queue: InspectedQueue) {
    this.#queue = queue;
  }

  /** @throws Error whose message is for whoever typed the URL */
  static async open(url: string, name: string): Promise<InboxQueue> {
    const queue = makeQueue(url, name);
    // Outages of the store are the inbox's to tell of.
    queue.on('error', () => undefined);
    try {
      await within(queue.waitUntilReady(), READY_TIMEOUT_MS);
      return new InboxQueue(queue);
    } catch (cause) {
      void queue.disconnect().catch(() => undefined);
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
    });
  }

  /** Resolves when an event that is being handled has a handler's success written down. */
  async checkpointed(handler: string): Promise<void> {
    await until(async () => {
      const jobs = await this.#queue.getJobs(['active']);
      return jobs.some(({ progress }) => {
        const { handlers = {} } = progress as { handlers?: Record<string, string> };
        return handlers[handler] === 'succeeded';
      });
    });
  }

  /** Removes the queue with all that is in it. */
  async remove(): Promise<void> {
    await this.#queue.obliterate({ force: true });
    await this.#queue.close();
  }
}

function makeQueue(url: string, name: string): InspectedQueue {
  if (url.startsWith('redis')) return new Queue(name, { connection: { url, retryStrategy: () => null } });
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  const connection = { connectionString: url, max: 2, migrate: true };
  return new PostgresQueue(name, { connection }) as unknown as InspectedQueue;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`The worker has not come to an end within ${TIMEOUT_MS / 1000} s.`);
    await tick(POLL_MS);
  }
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

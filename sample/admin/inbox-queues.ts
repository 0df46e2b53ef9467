import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { sampleSettings, type SampleSettings } from '../settings.js';

/** The inbox's queue and that of tracked jobs, for who looks at them: BullMQ's own, on whatever they are kept. */
@Injectable()
export class InboxQueues implements OnApplicationShutdown {
  readonly queues: readonly Queue[];

  constructor(@Inject(sampleSettings.KEY) { inboxUrl, inboxQueue }: SampleSettings) {
    const logger = new Logger('InboxQueues');
    this.queues = [inboxQueue, `${inboxQueue}-jobs`].map((name) => openQueue(inboxUrl, name));
    for (const queue of this.queues) queue.on('error', (error) => logger.debug(`${queue.name}: ${error.message}`));
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.queues.map((queue) => queue.close()));
  }
}

function openQueue(url: string, name: string): Queue {
  if (url.startsWith('redis')) return new Queue(name, { connection: { url } });
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  // On a new database it may be here before the inbox, which makes the tables as well: BullMQ lets one do it at a time.
  return new PostgresQueue(name, { connection: { connectionString: url, max: 2, migrate: true } }) as unknown as Queue;
}

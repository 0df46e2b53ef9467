import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { until } from './until.js';

/** Another client's view of an inbox's queue. */
export type InspectedQueue = Pick<Queue, 'getJobCounts' | 'getJob' | 'getJobs' | 'close' | 'add'>;

export function openQueue(url: string, name: string): InspectedQueue {
  if (url.startsWith('redis')) return new Queue(name, { connection: { url } });
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  return new PostgresQueue(name, { connection: { connectionString: url, max: 2 } }) as unknown as InspectedQueue;
}

/** Resolves when nothing waits, runs or is delayed. */
export async function drained(queue: InspectedQueue): Promise<void> {
  await until(async () => {
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed');
    return Object.values(counts).every((count) => count === 0);
  });
}

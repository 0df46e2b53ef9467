import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { until } from './until.js';

/** Long enough for a busy machine. A test that hangs ends by its own timeout. */
const DRAINED_WITHIN_MS = 120_000;

/** The queue of an inbox, opened by another client. */
export type InspectedQueue = Pick<Queue, 'getJobCounts' | 'getJob' | 'getJobs' | 'close' | 'add'>;

/** @param prefix of Redis keys */
export function openQueue(url: string, name: string, prefix?: string): InspectedQueue {
  if (url.startsWith('redis')) return new Queue(name, { connection: { url }, ...(prefix && { prefix }) });
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  return new PostgresQueue(name, { connection: { connectionString: url, max: 2 } }) as unknown as InspectedQueue;
}

/**
 * Resolves when no job is waiting, active or delayed. States are counted one after the other, so a job that moves meanwhile
 * may be in none: every job that was seen must be found finished.
 */
export async function drained(queue: InspectedQueue): Promise<void> {
  let seen = 0;
  let idleReadings = 0;
  await until(
    async () => {
      const {
        completed = 0,
        failed = 0,
        ...left
      } = await queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed');
      const unfinished = Object.values(left).reduce((sum, count) => sum + count, 0);
      seen = Math.max(seen, unfinished + completed + failed);
      idleReadings = unfinished === 0 && completed + failed >= seen ? idleReadings + 1 : 0;
      return idleReadings >= 5;
    },
    { withinMs: DRAINED_WITHIN_MS },
  );
}

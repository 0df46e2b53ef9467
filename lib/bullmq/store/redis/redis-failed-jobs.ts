import type { MinimalJob, Queue } from 'bullmq';
import type { FailedJob, FailedJobs, FailedJobState } from '../failed-jobs.js';
import type { RedisClient } from './redis-client.js';

/** BullMQ's codes for a job that does not exist and for one in an unexpected state. */
const GONE: ReadonlySet<unknown> = new Set([-1, -3]);

/** BullMQ stores a job's data as JSON. A decided event may have another type than its job's name. */
const NARROW = `
  local ids = {}
  for i = 1, #KEYS do
    local name, data = unpack(redis.call('HMGET', KEYS[i], 'name', 'data'))
    if name == ARGV[1] or (data and string.find(data, '"decided"', 1, true)) then ids[#ids + 1] = ARGV[i + 1] end
  end
  return ids`;

const READ_STATES = `
  local states = {}
  for i = 1, #KEYS - 1 do
    if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
      states[i] = redis.call('HMGET', KEYS[i + 1], 'progress', 'finishedOn', 'timestamp')
    else
      states[i] = false
    end
  end
  return states`;

/**
 * Writes the progress only while the job is in the failed set, and returns 1 for each written job. BullMQ writes it in any
 * state, which would erase the checkpoints of a job that was retried meanwhile.
 */
const WRITE_PROGRESS_IF_FAILED = `
  local written = {}
  for i = 1, #KEYS - 1 do
    if redis.call('ZSCORE', KEYS[1], ARGV[2 * i - 1]) and redis.call('EXISTS', KEYS[i + 1]) == 1 then
      redis.call('HSET', KEYS[i + 1], 'progress', ARGV[2 * i])
      written[i] = 1
    else
      written[i] = 0
    end
  end
  return written`;

type StoredState = readonly [progress: string | null, finishedOn: string | null, timestamp: string | null];

/**
 * @param queue on Redis; closed together with the returned object
 * @param client the queue's own connection
 */
export function redisFailedJobs(queue: Queue, client: RedisClient): FailedJobs {
  const failedSet = queue.toKey('failed');
  const keysOf = (ids: readonly string[]) => [failedSet, ...ids.map((id) => queue.toKey(id))];

  return {
    // Every queue of an app writes its version when it opens.
    queueExists: async () => (await queue.getVersion()) !== null,
    ids: (_filter, start = 0, count) =>
      queue.getRanges(['failed'], start, count === undefined ? -1 : start + count - 1),
    async narrow(ids, { name }) {
      if (name === undefined) return ids;
      const keys = ids.map((id) => queue.toKey(id));
      return (await client.eval(NARROW, keys.length, ...keys, name, ...ids)) as string[];
    },
    async read(ids) {
      const jobs = await Promise.all(
        ids.map(async (id) => {
          // Two pipelined requests: a script would return the job's fields in a format that only BullMQ parses.
          const [job, failedAt] = await Promise.all([queue.getJob(id), client.zscore(failedSet, id)]);
          return failedAt === null ? undefined : (job as FailedJob | undefined);
        }),
      );
      return jobs.filter((job) => job !== undefined);
    },
    async readStates(ids) {
      const states = (await client.eval(READ_STATES, ids.length + 1, ...keysOf(ids), ...ids)) as (StoredState | null)[];
      return states.flatMap((state, index) => (state ? toState(ids[index]!, state) : []));
    },
    async retry(retries) {
      const written = (await client.eval(
        WRITE_PROGRESS_IF_FAILED,
        retries.length + 1,
        ...keysOf(retries.map(({ id }) => id)),
        ...retries.flatMap(({ id, progress }) => [id, JSON.stringify(progress)]),
      )) as number[];
      const ids = await Promise.all(
        retries.map(async ({ id }, index) =>
          written[index] === 1 && (await retryFailedJob(queue, id)) ? id : undefined,
        ),
      );
      return new Set(ids.filter((id) => id !== undefined));
    },
    waitUntilReady: () => queue.waitUntilReady(),
    close: () => queue.close(),
    on: (event, listener) => queue.on(event, listener),
  };
}

async function retryFailedJob(queue: Queue, id: string): Promise<boolean> {
  try {
    // Same as `Job.retry`, without reading the job.
    const job = { id, opts: {} } as MinimalJob;
    await queue.getBackend().retryFinishedJob(job, 'failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    return true;
  } catch (error) {
    if (GONE.has((error as { code?: unknown }).code)) return false;
    throw error;
  }
}

function toState(id: string, [progress, finishedOn, timestamp]: StoredState): FailedJobState {
  return {
    id,
    progress: progress === null ? 0 : (JSON.parse(progress) as FailedJobState['progress']),
    ...(finishedOn !== null && { finishedOn: Number(finishedOn) }),
    timestamp: Number(timestamp),
  };
}

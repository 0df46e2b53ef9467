import type { Queue, RedisQueueBackend } from 'bullmq';
import type { StoredStats } from '../inbox-store.js';
import { JOBS_READ_PER_END } from '../queue-stats.js';
import type { RedisClient } from './redis-client.js';

/** Reads a bounded number of job hashes: the server handles no other request meanwhile. */
const STATS = `
  local n = tonumber(ARGV[2])
  local oldest = false
  local function read(ids)
    for _, id in ipairs(ids) do
      local added = tonumber(redis.call('HGET', ARGV[1] .. id, 'timestamp') or '')
      if added and (not oldest or added < oldest) then oldest = added end
    end
  end
  local counts = {}
  for i = 1, #KEYS do
    local isList = i <= 3
    counts[i] = redis.call(isList and 'LLEN' or 'ZCARD', KEYS[i])
    local range = isList and 'LRANGE' or 'ZRANGE'
    if i < #KEYS then
      if counts[i] <= 2 * n then
        read(redis.call(range, KEYS[i], 0, -1))
      else
        read(redis.call(range, KEYS[i], 0, n - 1))
        read(redis.call(range, KEYS[i], -n, -1))
      end
    end
  end
  counts[#counts + 1] = oldest and tostring(oldest) or ''
  return counts`;

type Counts = readonly [
  waiting: number,
  paused: number,
  active: number,
  delayed: number,
  failed: number,
  oldest: string,
];

/** A queue on Redis. */
export interface RedisQueue extends Pick<Queue, 'toKey'> {
  getBackend(): Pick<RedisQueueBackend, 'client'>;
}

/** Counts a queue's jobs and finds the oldest unfinished one, in one request. */
export async function redisQueueStats(queue: RedisQueue): Promise<StoredStats> {
  const client = (await queue.getBackend().client) as unknown as RedisClient;
  const keys = ['wait', 'paused', 'active', 'delayed', 'failed'].map((state) => queue.toKey(state));
  const counts = (await client.eval(STATS, keys.length, ...keys, queue.toKey(''), JOBS_READ_PER_END)) as Counts;
  const [waiting, paused, active, delayed, failed, oldest] = counts;
  return {
    waiting: waiting + paused,
    active,
    delayed,
    failed,
    oldestAddedAt: oldest === '' ? undefined : Number(oldest),
  };
}

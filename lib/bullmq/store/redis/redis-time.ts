import type { RedisClient } from './redis-client.js';

/** Returns the server's time, in Unix milliseconds. */
export async function redisTime(client: Pick<RedisClient, 'time'>): Promise<number> {
  const [seconds, microseconds] = await client.time();
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
}

import { describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { redisWarnings } from '../../../../../lib/bullmq/store/redis/redis-warnings.js';

/** A server with these lines in its `INFO`. */
function serverWith(sections: Record<string, string[]>): Pick<Redis, 'info'> {
  const info = async (section: string) => [`# ${section}`, ...(sections[section] ?? []), ''].join('\r\n');
  return { info } as Pick<Redis, 'info'>;
}

const SAFE = { memory: ['maxmemory:0', 'maxmemory_policy:noeviction'], persistence: ['loading:0', 'aof_enabled:1'] };

describe('the warnings of a Redis server', () => {
  it('are empty for durable settings', async () => {
    expect(await redisWarnings(serverWith(SAFE))).toEqual([]);
  });

  it.each(['allkeys-lru', 'volatile-ttl'])('name the eviction policy: %s', async (policy) => {
    const warnings = await redisWarnings(serverWith({ ...SAFE, memory: [`maxmemory_policy:${policy}`] }));

    expect(warnings).toEqual([expect.stringContaining(`maxmemory-policy ${policy}`)]);
    expect(warnings[0]).toContain('Set maxmemory-policy noeviction');
  });

  it('report a missing append-only file', async () => {
    expect(await redisWarnings(serverWith({ ...SAFE, persistence: ['aof_enabled:0'] }))).toEqual([
      expect.stringContaining('Set appendonly yes'),
    ]);
  });

  it('contain one line for each reason', async () => {
    const both = { memory: ['maxmemory_policy:allkeys-lru'], persistence: ['aof_enabled:0'] };
    expect(await redisWarnings(serverWith(both))).toHaveLength(2);
  });

  it('are empty if a hosted server hides its settings', async () => {
    expect(await redisWarnings(serverWith({}))).toEqual([]);
  });
});

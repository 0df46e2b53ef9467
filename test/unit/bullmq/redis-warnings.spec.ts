import { describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { redisWarnings } from '../../../lib/bullmq/redis-warnings.js';

/** A server with these lines in its `INFO`. */
function serverWith(sections: Record<string, string[]>): Pick<Redis, 'info'> {
  const info = async (section: string) => [`# ${section}`, ...(sections[section] ?? []), ''].join('\r\n');
  return { info } as Pick<Redis, 'info'>;
}

const SAFE = { memory: ['maxmemory:0', 'maxmemory_policy:noeviction'], persistence: ['loading:0', 'aof_enabled:1'] };

describe('the warnings of a Redis server', () => {
  it('are none when it keeps what it has accepted', async () => {
    expect(await redisWarnings(serverWith(SAFE))).toEqual([]);
  });

  it.each(['allkeys-lru', 'volatile-ttl'])('name the policy by which it evicts keys: %s', async (policy) => {
    const warnings = await redisWarnings(serverWith({ ...SAFE, memory: [`maxmemory_policy:${policy}`] }));

    expect(warnings).toEqual([expect.stringContaining(`maxmemory-policy ${policy}`)]);
    expect(warnings[0]).toContain('Set maxmemory-policy noeviction');
  });

  it('say when it keeps no append-only file', async () => {
    expect(await redisWarnings(serverWith({ ...SAFE, persistence: ['aof_enabled:0'] }))).toEqual([
      expect.stringContaining('Set appendonly yes'),
    ]);
  });

  it('are as many as there are reasons', async () => {
    const both = { memory: ['maxmemory_policy:allkeys-lru'], persistence: ['aof_enabled:0'] };
    expect(await redisWarnings(serverWith(both))).toHaveLength(2);
  });

  it('are none about what a hosted server does not tell', async () => {
    expect(await redisWarnings(serverWith({}))).toEqual([]);
  });
});

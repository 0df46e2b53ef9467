import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { FAIL_IN_TIME } from '../../../lib/bullmq/redis-client.js';
import { redisLock } from '../../../lib/bullmq/redis-lock.js';
import { STORES } from '../../support/stores.js';
import { until } from '../../support/until.js';

const LEASE_MS = 1_000;

const REDIS = STORES.find(({ name }) => name === 'Redis');

(REDIS ? describe : describe.skip)('the lock on Redis', () => {
  const url = REDIS?.url ?? '';
  let server: Redis;
  let key: string;

  const lock = () =>
    redisLock(
      () => new Redis(url, FAIL_IN_TIME).on('error', () => undefined),
      (name) => `${key}:${name}`,
      {
        leaseMs: LEASE_MS,
      },
    );

  beforeAll(() => {
    server = new Redis(url);
  });

  afterAll(() => {
    server.disconnect();
  });

  beforeEach(() => {
    key = `lock-${randomUUID()}`;
  });

  it('is a key that expires, for as long as the work runs', async () => {
    await lock().run(
      'endpoint',
      async () => {
        const ttl = await server.pttl(`${key}:endpoint`);
        expect(ttl).toBeGreaterThan(0);
        expect(ttl).toBeLessThanOrEqual(LEASE_MS);
        let least = ttl;
        await until(async () => {
          const left = await server.pttl(`${key}:endpoint`);
          least = Math.min(least, left);
          return left > least;
        });
      },
      { waitMs: 0 },
    );

    expect(await server.exists(`${key}:endpoint`)).toBe(0);
  });

  it('is free again when a holder is not heard of any more', async () => {
    await server.set(`${key}:endpoint`, 'a process that was killed', 'PX', LEASE_MS);

    expect(await lock().run('endpoint', async () => 'done', { waitMs: 60_000 })).toBe('done');
  });

  it('tells its holder when another has it, and leaves it to that one', async () => {
    const reason = await lock().run(
      'endpoint',
      async (held) => {
        await server.set(`${key}:endpoint`, 'another');
        await once(held, 'abort');
        return held.reason as unknown;
      },
      { waitMs: 0 },
    );

    expect(reason).toMatchObject({ code: 'inbox_unavailable' });
    expect(await server.getdel(`${key}:endpoint`)).toBe('another');
  });

  it('is two locks for two names', async () => {
    const inner = () => lock().run('other', async () => 'both', { waitMs: 0 });

    expect(await lock().run('endpoint', inner, { waitMs: 0 })).toBe('both');
  });
});

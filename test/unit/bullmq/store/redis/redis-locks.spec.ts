import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { FAIL_FAST_QUEUED } from '../../../../../lib/bullmq/store/redis/redis-client.js';
import { redisLocks } from '../../../../../lib/bullmq/store/redis/redis-locks.js';
import { STORES } from '../../../../support/stores.js';
import { until } from '../../../../support/until.js';

const LEASE_MS = 1_000;

const REDIS = STORES.find(({ name }) => name === 'Redis');

(REDIS ? describe : describe.skip)('the lock on Redis', () => {
  const url = REDIS?.url ?? '';
  let server: Redis;
  let key: string;

  const lock = () =>
    redisLocks(
      () => new Redis(url, FAIL_FAST_QUEUED).on('error', () => undefined),
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

  it('is an expiring key while the work runs', async () => {
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

  it('is released when its holder stops renewing it', async () => {
    await server.set(`${key}:endpoint`, 'a process that was killed', 'PX', LEASE_MS);

    expect(await lock().run('endpoint', async () => 'done', { waitMs: 60_000 })).toBe('done');
  });

  it("aborts the holder's work when another process holds it, and does not release it", async () => {
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

  it('is independent for different names', async () => {
    const inner = () => lock().run('other', async () => 'both', { waitMs: 0 });

    expect(await lock().run('endpoint', inner, { waitMs: 0 })).toBe('both');
  });
});

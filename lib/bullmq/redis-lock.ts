import type { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { endRedisClient } from './redis-client.js';
import { LOCK_LEASE_MS, StoreLock, type LockContender } from './store-lock.js';

/** Also when it is taken already, with this token: the answer to an earlier request may have been lost. */
const TAKE = `
if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('pexpire', KEYS[1], ARGV[2])
return 1`;

const RENEW = `
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])`;

const RELEASE = `
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])`;

/**
 * Locks on Redis and Valkey: a key with the holder's token that expires when the holder is not heard of.
 *
 * @param connect makes a client that fails fast
 * @param keyOf the key of a lock
 */
export function redisLock(
  connect: () => Redis,
  keyOf: (name: string) => string,
  { leaseMs = LOCK_LEASE_MS }: { readonly leaseMs?: number } = {},
): StoreLock {
  return new StoreLock((name) => new RedisLockContender(connect(), keyOf(name), leaseMs), { leaseMs });
}

class RedisLockContender implements LockContender {
  readonly #client: Redis;
  readonly #key: string;
  readonly #leaseMs: number;
  readonly #token = randomUUID();

  constructor(client: Redis, key: string, leaseMs: number) {
    this.#client = client;
    this.#key = key;
    this.#leaseMs = leaseMs;
  }

  async take(): Promise<boolean> {
    return (await this.#client.eval(TAKE, 1, this.#key, this.#token, this.#leaseMs)) === 1;
  }

  async renew(): Promise<boolean> {
    return (await this.#client.eval(RENEW, 1, this.#key, this.#token, this.#leaseMs)) === 1;
  }

  /** What cannot be given back expires. */
  async release(): Promise<void> {
    if (this.#client.status === 'ready')
      await this.#client.eval(RELEASE, 1, this.#key, this.#token).catch(() => undefined);
    endRedisClient(this.#client);
  }
}

import { randomUUID } from 'node:crypto';
import { withTimeout } from '../../../shared/timeouts.js';
import { REQUEST_TIMEOUT_MS } from '../inbox-store.js';
import { endRedisClient, type RedisClient } from './redis-client.js';
import { LOCK_LEASE_MS, StoreLocks, type LockHandle } from '../store-locks.js';

/** Also succeeds if this token already holds the lock: the answer to an earlier request may have been lost. */
const ACQUIRE = `
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
 * Locks on Redis and Valkey. A lock is a key with the holder's token that expires unless the holder renews it.
 *
 * @param connect creates a client that fails fast
 * @param keyOf returns the key of a lock
 */
export function redisLocks(
  connect: () => RedisClient,
  keyOf: (name: string) => string,
  { leaseMs = LOCK_LEASE_MS }: { readonly leaseMs?: number } = {},
): StoreLocks {
  return new StoreLocks((name) => new RedisLockHandle(connect(), keyOf(name), leaseMs), { leaseMs });
}

class RedisLockHandle implements LockHandle {
  readonly #client: RedisClient;
  readonly #key: string;
  readonly #leaseMs: number;
  readonly #token = randomUUID();

  constructor(client: RedisClient, key: string, leaseMs: number) {
    this.#client = client;
    this.#key = key;
    this.#leaseMs = leaseMs;
  }

  async tryAcquire(): Promise<boolean> {
    return (await this.#eval(ACQUIRE, this.#leaseMs)) === 1;
  }

  async renew(): Promise<boolean> {
    return (await this.#eval(RENEW, this.#leaseMs)) === 1;
  }

  /** If the release fails, the lock expires. */
  async release(): Promise<void> {
    if (this.#client.status === 'ready') await this.#eval(RELEASE).catch(() => undefined);
    endRedisClient(this.#client);
  }

  /** Bounded: a cluster client queues requests while no node is reachable. */
  #eval(script: string, ...given: number[]): Promise<unknown> {
    const answer = this.#client.eval(script, 1, this.#key, this.#token, ...given);
    return withTimeout(answer, REQUEST_TIMEOUT_MS, 'the store did not answer');
  }
}

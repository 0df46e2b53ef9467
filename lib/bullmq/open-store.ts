import type { BullmqInboxConfig } from './bullmq-inbox.options.js';
import type { InboxStore } from './store/inbox-store.js';
import { postgresStore } from './store/postgres/postgres-store.js';
import { redisStore, type RedisConnectionListener } from './store/redis/redis-store.js';

/** Loads the driver of the inbox's store. Opens no connection yet. */
export function openStore(config: BullmqInboxConfig, listener: RedisConnectionListener): Promise<InboxStore> {
  const { target, prefix } = config;
  if (target.kind === 'redis') return redisStore(target, config, listener);
  return postgresStore(target, { ...config, schema: prefix ?? 'bullmq' });
}

import type { Redis } from 'ioredis';
import { isCluster, type RedisClient } from './redis-client.js';
import { hasHashTag, SET_HASH_TAG } from '../store-target.js';

const GIVE_CLUSTER =
  'Give connection: new Cluster([{ host, port }]) of ioredis in place of the URL or client of one server.';

/**
 * Checks that the connection and prefix work with the server's cluster mode.
 *
 * @throws Error that says what to change
 */
export async function checkClusterMode(client: RedisClient, prefix: string | undefined): Promise<void> {
  if (isCluster(client)) return;
  // A server without this information is used as a single server.
  const info = await client.info('cluster').catch(() => '');
  if (!info.includes('cluster_enabled:1')) return;
  if (!hasHashTag(prefix)) throw new Error(`the Redis server is in cluster mode. ${SET_HASH_TAG}`);
  try {
    await client.exists(`${prefix}:`);
  } catch (error) {
    throw clusterModeError(error) ?? error;
  }
}

/** Returns the server, or the masters of the cluster. */
export async function serversOf(client: RedisClient): Promise<readonly Redis[]> {
  if (!isCluster(client)) return [client];
  // The client learns its nodes with the first answer.
  await client.info('server');
  return client.nodes('master');
}

/** Returns an error with advice for a Redis error that is caused by cluster mode. */
export function clusterModeError(error: unknown): Error | undefined {
  const { message } = error as Error;
  if (/^(MOVED|ASK) /.test(message)) {
    const reason = 'the Redis server is part of a cluster, and these keys are on another server.';
    return new Error(`${reason} ${GIVE_CLUSTER}`, { cause: error });
  }
  if (message.includes('cluster support disabled')) {
    const reason = 'the Redis server is not in cluster mode.';
    return new Error(`${reason} Give its URL, or a Redis client in place of the Cluster`, { cause: error });
  }
  if (!message.startsWith('CROSSSLOT ')) return undefined;
  return new Error(`the Redis server is in cluster mode. ${SET_HASH_TAG}`, { cause: error });
}

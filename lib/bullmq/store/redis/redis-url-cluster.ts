import type { Cluster } from 'ioredis';
import { loadRedisDriver } from '../optional-peers.js';
import { endRedisClient, FOR_OPERATORS } from './redis-client.js';

/**
 * Finds the cluster that the server of a URL belongs to.
 *
 * @param onError receives connection errors
 * @returns a client to duplicate, which does not connect; `undefined` if the server is not in cluster mode
 */
export async function clusterAt(
  url: string,
  { onError, signal }: { readonly onError: (error: Error) => void; readonly signal: AbortSignal },
): Promise<Cluster | undefined> {
  const driver = await loadRedisDriver();
  const probe = new driver.Redis(url, FOR_OPERATORS);
  probe.on('error', onError);
  const end = () => endRedisClient(probe);
  signal.addEventListener('abort', end, { once: true });
  try {
    // A server without this information is used as a single server.
    const info = await probe.info('cluster').catch(() => '');
    if (!info.includes('cluster_enabled:1')) return undefined;
    const { host, port, username, password, tls } = probe.options;
    return new driver.Cluster([{ host, port }], {
      lazyConnect: true,
      // With TLS, nodes are reached by the names in their certificates.
      ...(tls && { dnsLookup: (address, callback) => callback(null, address) }),
      redisOptions: { username, password, ...(tls && { tls }) },
    });
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

import type { Redis } from 'ioredis';
import { clusterModeError } from './redis-cluster-mode.js';
import { isCluster, type RedisClient } from './redis-client.js';

/** Messages of a cluster client that hide why a node is not reachable. */
const VAGUE_MESSAGES: ReadonlySet<string> = new Set(['Connection is closed.', 'timeout']);

/** Calls the listener with the reason for a missing connection, repeatedly until the client is connected. */
export function onConnectionError(client: RedisClient, listener: (error: Error) => void): void {
  // A write to a connection that the server has closed. If that was an outage, the next attempt to connect has its reason.
  if (!isCluster(client)) return void client.on('error', (error) => isBrokenPipe(error) || listener(error));
  let isDiagnosing = false;
  client.on('error', async (error: Error & { lastNodeError?: Error }) => {
    const reason = error.lastNodeError ?? error;
    const node = client.nodes()[0];
    if (!node || !VAGUE_MESSAGES.has(reason.message)) return listener(clusterModeError(reason) ?? reason);
    if (isDiagnosing) return;
    isDiagnosing = true;
    listener((await reasonOf(node)) ?? reason);
    isDiagnosing = false;
  });
}

/** Connects to the node directly, because the driver hides why a cluster's node failed. */
function reasonOf(node: Redis): Promise<Error | undefined> {
  const client = node.duplicate({ retryStrategy: () => null, connectTimeout: 1_500, lazyConnect: false });
  return new Promise((resolve) => {
    client.on('error', resolve);
    client.once('ready', () => client.disconnect());
    client.once('end', () => resolve(undefined));
  });
}

function isBrokenPipe({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE';
}

import type { IRelayBackend } from 'bullmq';

/** Share of the lease after which it is renewed. The relay's timer leaves time for several attempts in the rest. */
const RENEW_AFTER = 2 / 3;
/** Messages that were read may stay in the inbox up to this number and size. */
const MAX_READ_MESSAGES = 100;
const MAX_READ_BYTES = 1_000_000;

/**
 * Makes a relay renew its lease and trim its inbox only as often as needed. The relay does both on a timer and with each group
 * of messages, which takes more requests than the messages do. Messages can be read only while the lease is valid.
 *
 * @param onReconnected registers a listener that is called after each connection
 */
export function limitUpkeep<Backend extends Pick<IRelayBackend, 'heartbeat' | 'trimInbox' | 'readInbox'>>(
  backend: Backend,
  {
    now = () => performance.now(),
    onReconnected,
  }: { readonly now?: () => number; readonly onReconnected?: (listener: () => void) => void } = {},
): Backend {
  const heartbeat = backend.heartbeat.bind(backend);
  const trimInbox = backend.trimInbox.bind(backend);
  const readInbox = backend.readInbox.bind(backend);
  let renewedAt = -Infinity;
  let isTrimDue = true;
  /** Since the last trim. */
  let read = { messages: 0, bytes: 0 };
  // A server that restarted may have lost the lease.
  const renewNext = (): void => {
    renewedAt = -Infinity;
  };
  onReconnected?.(renewNext);

  backend.heartbeat = async (nodeId, leaseMs) => {
    const startedAt = now();
    if (startedAt - renewedAt < leaseMs * RENEW_AFTER) return true;
    renewedAt = -Infinity;
    const isAlive = await heartbeat(nodeId, leaseMs);
    if (isAlive) renewedAt = startedAt;
    isTrimDue = true;
    return isAlive;
  };
  backend.trimInbox = async (...given) => {
    if (!isTrimDue && read.messages <= MAX_READ_MESSAGES && read.bytes <= MAX_READ_BYTES) return 0;
    const backlog = await trimInbox(...given);
    isTrimDue = false;
    read = { messages: 0, bytes: 0 };
    return backlog;
  };
  backend.readInbox = async (...given) => {
    try {
      const batch = await readInbox(...given);
      for (const { data } of batch.entries) read = { messages: read.messages + 1, bytes: read.bytes + data.length };
      return batch;
    } catch (error) {
      renewNext();
      throw error;
    }
  };
  return backend;
}

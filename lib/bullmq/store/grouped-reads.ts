import type { IRelayBackend } from 'bullmq';
import { setTimeout as sleep } from 'node:timers/promises';

/** Shortest time between two reads of messages, in milliseconds. */
const PAUSE_MS = 20;

/**
 * Lets a relay read messages in groups: each read takes four more requests, whether it finds one message or a hundred. The
 * first message after a pause is still read at once.
 */
export function groupReads<Backend extends Pick<IRelayBackend, 'readInbox'>>(
  backend: Backend,
  { now = () => performance.now(), wait = (ms: number): Promise<unknown> => sleep(ms) } = {},
): Backend {
  const read = backend.readInbox.bind(backend);
  let nextAt = -Infinity;
  backend.readInbox = async (...given) => {
    const pauseMs = nextAt - now();
    if (pauseMs > 0) await wait(pauseMs);
    const batch = await read(...given);
    if (batch.entries.length > 0) nextAt = now() + PAUSE_MS;
    return batch;
  };
  return backend;
}

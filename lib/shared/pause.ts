import { setTimeout as wait } from 'node:timers/promises';

/** Resolves after `delayMs`; rejects with the signal's reason if it aborts first. */
export async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(delayMs, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

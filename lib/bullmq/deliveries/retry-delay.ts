import type { JobsOptions } from 'bullmq';

/** Returns BullMQ's delay after a failed attempt, in milliseconds. With jitter it is the mean. */
export function retryDelayMs(backoff: JobsOptions['backoff'], attempt: number): number {
  if (backoff === undefined || typeof backoff === 'number') return backoff ?? 0;
  const { type, delay = 0, jitter = 0 } = backoff;
  const longest = type === 'exponential' ? delay * 2 ** (attempt - 1) : delay;
  return Math.round(longest * (1 - jitter / 2));
}

import type { WorkerOptions } from 'bullmq';
import type { BullmqInboxConfig } from './bullmq-inbox.options.js';

const STALLED_INTERVAL_MS = 5_000;
const RECONNECT_DELAY_MS = 1_000;
/** Kills never park a job as failed. A larger number is an error on PostgreSQL. */
const UNLIMITED = 1e9;

/** What the workers of an inbox have in common: a killed one's jobs are soon another's. */
export function workerOptions(
  { lockDurationMs }: Pick<BullmqInboxConfig, 'lockDurationMs'>,
  concurrency: number,
): Omit<WorkerOptions, 'connection'> {
  return {
    concurrency,
    lockDuration: lockDurationMs,
    stalledInterval: Math.min(STALLED_INTERVAL_MS, lockDurationMs),
    maxStalledCount: UNLIMITED,
    runRetryDelay: RECONNECT_DELAY_MS,
  };
}

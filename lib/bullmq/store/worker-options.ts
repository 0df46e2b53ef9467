import type { WorkerOptions } from 'bullmq';
import type { BullmqInboxConfig } from '../bullmq-inbox.options.js';

const STALLED_INTERVAL_MS = 5_000;
const RECONNECT_DELAY_MS = 1_000;
/** Killed workers never make a job fail. PostgreSQL rejects a larger number. */
const UNLIMITED = 1e9;

/** Returns the common options of an inbox's workers. Jobs of a killed worker soon go to another one. */
export function workerOptions(
  { lockDurationMs, telemetry }: Pick<BullmqInboxConfig, 'lockDurationMs' | 'telemetry'>,
  concurrency: number,
): Omit<WorkerOptions, 'connection'> {
  return {
    concurrency,
    lockDuration: lockDurationMs,
    stalledInterval: Math.min(STALLED_INTERVAL_MS, lockDurationMs),
    maxStalledCount: UNLIMITED,
    runRetryDelay: RECONNECT_DELAY_MS,
    ...(telemetry && { telemetry }),
  };
}

import type { WorkerOptions } from 'bullmq';
import type { BullmqInboxConfig } from '../bullmq-inbox.options.js';

const MIN_STALLED_INTERVAL_MS = 5_000;
/** How long an idle worker waits before it looks for jobs that it was not notified of, in seconds. Redis allows no more. */
export const IDLE_SECONDS = 10;
const RECONNECT_DELAY_MS = 1_000;
/** Killed workers never make a job fail. PostgreSQL rejects a larger number. */
const UNLIMITED = 1e9;

/** Returns the common options of an inbox's workers. Jobs of a killed worker soon go to another one. */
export function workerOptions(
  { lockDurationMs, telemetry }: Pick<BullmqInboxConfig, 'lockDurationMs' | 'telemetry'>,
  concurrency: number,
): Omit<WorkerOptions, 'connection'> {
  return {
    // `DrainingWorker` starts it.
    autorun: false,
    concurrency,
    lockDuration: lockDurationMs,
    stalledInterval: Math.min(Math.max(MIN_STALLED_INTERVAL_MS, Math.round(lockDurationMs / 2)), lockDurationMs),
    drainDelay: IDLE_SECONDS,
    maxStalledCount: UNLIMITED,
    runRetryDelay: RECONNECT_DELAY_MS,
    ...(telemetry && { telemetry }),
  };
}

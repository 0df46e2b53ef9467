import type { GeminiInboxStats } from '../../inbox/inbox-stats.js';
import { GeminiWebhooksError } from '../../errors.js';
import { withTimeout } from '../../shared/timeouts.js';
import { ANSWER_TIMEOUT_MS, type StoredStats } from './inbox-store.js';

/**
 * How many unfinished jobs are read from each end of a state. Neither store has an index of unfinished jobs by age: in a
 * longer state the oldest job is near one end. Jobs wait in the order in which they arrive, except for retries, which join
 * at the end; of delayed jobs, the oldest have the longest backoff.
 */
export const JOBS_READ_PER_END = 500;

/**
 * Returns a function that counts a queue's jobs. Concurrent callers share one request.
 *
 * @param read rejects with `inbox_unavailable` while there is no connection
 */
export function queueStats(read: () => Promise<StoredStats>): () => Promise<GeminiInboxStats> {
  let running: Promise<GeminiInboxStats> | undefined;
  return () => {
    running ??= readStats(read).finally(() => (running = undefined));
    return running;
  };
}

async function readStats(read: () => Promise<StoredStats>): Promise<GeminiInboxStats> {
  try {
    const { waiting, active, delayed, failed, oldestAddedAt } = await withTimeout(
      read(),
      ANSWER_TIMEOUT_MS,
      'the store did not answer',
    );
    // The process that added the job may have a clock that is ahead.
    const oldestAgeMs = oldestAddedAt === undefined ? 0 : Math.max(Date.now() - oldestAddedAt, 0);
    return { waiting, active, delayed, failed, oldestAgeMs };
  } catch (cause) {
    if (cause instanceof GeminiWebhooksError && cause.code === 'inbox_unavailable') throw cause;
    throw new GeminiWebhooksError('inbox_unavailable', 'The events could not be counted: the store did not answer.', {
      cause,
    });
  }
}

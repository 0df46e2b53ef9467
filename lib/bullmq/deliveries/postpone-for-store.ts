import { messageOf } from '../../errors.js';
import { isLockLost, type DeliveryJob } from '../store/inbox-store.js';
import { loadBullmq } from '../store/optional-peers.js';
import type { RetryBudget } from './retry-budget.js';

const DELAY_MS = 1_000;

/**
 * Postpones a delivery job after the store failed, without using up an attempt: attempts are for failed handlers.
 *
 * @returns the error that the processor must throw. If the job cannot be postponed either, that is the store's error: BullMQ
 * then recovers the job as stalled, or counts an attempt
 */
export async function postponeForStore(
  job: DeliveryJob,
  token: string | undefined,
  { error, retryBudget }: { readonly error: unknown; readonly retryBudget: RetryBudget },
): Promise<Error> {
  const { DelayedError } = await loadBullmq();
  for (;;) {
    try {
      await job.moveToDelayed(Date.now() + DELAY_MS, token);
      return new DelayedError();
    } catch (failure) {
      if (isLockLost(failure) || !(await retryBudget.backOff()))
        return new Error(`the store failed: ${messageOf(error)}`);
    }
  }
}

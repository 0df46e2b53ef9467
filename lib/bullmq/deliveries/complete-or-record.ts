import { isLockLost, type DeliveryJob } from '../store/inbox-store.js';
import type { DeliveryCheckpoints } from './delivery-checkpoints.js';

/**
 * Lets the job record the success of its last handler when it completes. If it cannot be completed, for example because its
 * connection broke, the checkpoint is written instead, and completion is tried once more.
 */
export function completeOrRecord(job: DeliveryJob, checkpoints: Pick<DeliveryCheckpoints, 'flush'>): void {
  const complete = job.moveToCompleted.bind(job);
  job.moveToCompleted = async (...given) => {
    try {
      return await complete(...given);
    } catch (error) {
      await checkpoints.flush();
      if (isLockLost(error)) throw error;
      return complete(...given);
    }
  };
}

import { GeminiWebhooksError } from '../../errors.js';
import { catalogueType } from '../../events/event-catalogue.js';
import { earlierEventKey, jobIdInKey } from '../../events/event-key.js';
import type { VerifiedDelivery } from '../../events/verified-delivery.js';
import { withTimeout } from '../../shared/timeouts.js';
import type { BullmqInboxConfig } from '../bullmq-inbox.options.js';
import type { RosterHandler } from '../peers/handler-roster.js';
import {
  deliveryJobId,
  deliveryJobName,
  deliveryJobOptions,
  toDeliveryJobData,
  type DeliveryJobData,
} from '../store/delivery-job.js';
import { ANSWER_TIMEOUT_MS, type DeliveryQueue } from '../store/inbox-store.js';
import type { StoreOutages } from '../store/store-outages.js';
import { receiverHandlers } from './receiver-handlers.js';

/** Options of `storeDelivery`. */
export interface StoreDeliveryOptions {
  readonly config: BullmqInboxConfig;
  /** Handlers of this process, without those of the module itself. */
  readonly handlers: readonly RosterHandler[];
  /** Position in the trace of the delivery. */
  readonly trace?: DeliveryJobData['trace'];
  readonly outages: Pick<StoreOutages, 'available' | 'writeFailed'>;
}

/**
 * Adds the delivery job of a delivery, within the time that the response to Google may wait. Adds none if the store has the
 * event already.
 *
 * @param open rejects with `inbox_unavailable` while there is no connection
 * @throws GeminiWebhooksError `inbox_unavailable`
 */
export async function storeDelivery(
  open: () => Promise<DeliveryQueue>,
  delivery: VerifiedDelivery,
  { config, handlers, trace, outages }: StoreDeliveryOptions,
): Promise<void> {
  const startedAt = performance.now();
  const data = { ...toDeliveryJobData(delivery), ...receiverHandlers(delivery, handlers), ...(trace && { trace }) };
  const queue = await open();
  try {
    const add = async () => {
      if (await isStoredByEarlierVersion(queue, delivery)) return;
      await queue.add(deliveryJobName(delivery), data, deliveryJobOptions(delivery.key, config));
    };
    await withTimeout(
      add(),
      Math.max(Math.round(ANSWER_TIMEOUT_MS - (performance.now() - startedAt)), 1),
      'the store did not answer',
    );
    outages.available();
  } catch (cause) {
    outages.writeFailed(cause);
    throw new GeminiWebhooksError('inbox_unavailable', 'The event could not be stored.', { cause });
  }
}

/** Only these few events take another request. */
async function isStoredByEarlierVersion(
  queue: DeliveryQueue,
  { event, key, registration, params }: VerifiedDelivery,
): Promise<boolean> {
  if (jobIdInKey(key) !== undefined) return false;
  const earlier = earlierEventKey({
    registration,
    params,
    type: catalogueType(event.type),
    resource: event.resource,
    job: undefined,
  });
  return earlier !== undefined && (await queue.getJob(deliveryJobId(earlier))) !== undefined;
}

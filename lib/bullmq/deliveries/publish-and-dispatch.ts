import type { VerifiedDelivery } from '../../events/verified-delivery.js';
import type { DispatchOutcome } from '../../handlers/dispatch.js';
import type { InboxHost } from '../../inbox/inbox-engine.js';
import { settlesWithin } from '../../shared/timeouts.js';
import type { Peers } from '../peers/peers.js';
import type { DeliveryAttempt } from './delivery-attempt.js';

/** How long a message to the other processes may delay the checkpoint of a success, in milliseconds. */
const PUBLISH_MS = 50;

/** Whether the other processes received the event. */
type Published = { readonly failed: false } | { readonly failed: true; readonly error: unknown };

/** Publishes the event to the other processes while this worker runs its handlers of it. */
export async function publishAndDispatch(
  { host, peers }: { readonly host: Pick<InboxHost, 'dispatch'>; readonly peers: Pick<Peers, 'publish'> },
  attempt: DeliveryAttempt,
  delivery: VerifiedDelivery,
  {
    isWantedElsewhere,
    signal,
    begin,
  }: {
    readonly isWantedElsewhere: boolean;
    readonly signal: AbortSignal;
    readonly begin: ((handler: string) => () => void) | undefined;
  },
): Promise<{ readonly outcome: DispatchOutcome; readonly published: Published }> {
  const { checkpoints, isLast, retryInMs } = attempt;
  const publishing = publish(peers, attempt, delivery);
  const outcome = await host.dispatch(delivery, {
    attempt: attempt.number,
    isLast,
    retryInMs,
    isWantedElsewhere,
    failedEventId: attempt.job.id,
    checkpoints,
    generation: checkpoints.progress.generation,
    signal,
    begin,
  });
  // A success must not remain unrecorded while the event waits for its message.
  if (!checkpoints.progress.announced && !(await settlesWithin(publishing, PUBLISH_MS))) await checkpoints.flush();
  return { outcome, published: await publishing };
}

/**
 * Never rejects, because running handlers must be awaited anyway. If the worker is killed meanwhile, the event is published
 * again, and each process drops the duplicate.
 */
async function publish(
  peers: Pick<Peers, 'publish'>,
  { checkpoints, job }: DeliveryAttempt,
  delivery: VerifiedDelivery,
): Promise<Published> {
  try {
    if (!checkpoints.progress.announced) await peers.publish(delivery, job.data);
    checkpoints.note({ announced: true });
    return { failed: false };
  } catch (error) {
    return { failed: true, error };
  }
}

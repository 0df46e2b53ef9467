import type { VerifiedDelivery } from '../../events/verified-delivery.js';
import { typesDecidedFrom } from '../../jobs/video-events.js';
import { isDoctorProbe } from '../../shared/doctor-probe.js';
import { handlersMatching, type RosterHandler } from '../peers/handler-roster.js';
import type { DeliveryJobData } from '../store/delivery-job.js';

/** Maximum number of names that are stored for one type. */
const MAX_NAMES = 100;

/**
 * Returns what is stored with an event about the handlers of the process that received it. That process may stop before a
 * worker has begun the event: a worker without these handlers must not complete it.
 *
 * @param handlers the process's own handlers, without those of the module itself
 */
export function receiverHandlers(
  delivery: VerifiedDelivery,
  handlers: readonly RosterHandler[],
): Pick<DeliveryJobData, 'idleHandlers' | 'decidedHandlers'> {
  if (handlers.length === 0 || isDoctorProbe(delivery)) return {};
  const names = namesFor(delivery.event.type, handlers);
  const decided = typesDecidedFrom(delivery).flatMap((type) => {
    const ofType = namesFor(type, handlers);
    return ofType.length > 0 ? [[type, ofType] as const] : [];
  });
  return {
    ...(names.length > 0 && { idleHandlers: names }),
    ...(decided.length > 0 && { decidedHandlers: Object.fromEntries(decided) }),
  };
}

/**
 * Returns the names of the receiver's handlers for the event that handlers receive. Empty for an event that an earlier
 * version stored without them.
 */
export function storedHandlers(
  { decided, idleHandlers = [], decidedHandlers = {} }: DeliveryJobData,
  type: string,
): readonly string[] {
  if (decided === undefined) return idleHandlers;
  return Object.hasOwn(decidedHandlers, type) ? (decidedHandlers[type] ?? []) : [];
}

function namesFor(type: string, handlers: readonly RosterHandler[]): readonly string[] {
  return handlersMatching(type, handlers).slice(0, MAX_NAMES);
}

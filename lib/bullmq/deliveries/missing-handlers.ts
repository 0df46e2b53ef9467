import { isDoctorProbe } from '../../shared/doctor-probe.js';
import type { VerifiedDelivery } from '../../events/verified-delivery.js';
import type { EventHandler } from '../../handlers/event-handler.js';
import type { WantedHandlers } from '../peers/handler-roster.js';
import type { DeliveryJob } from '../store/inbox-store.js';
import type { DeliveryCheckpoints } from './delivery-checkpoints.js';
import { storedHandlers } from './receiver-handlers.js';

/** Time that a process has to join with the handlers of an event that it has just received, in milliseconds. */
const JOIN_MS = 10_000;

/** Names of an event's handlers that have not completed and that this worker does not have. */
export interface MissingHandlers {
  /** All of them. */
  readonly names: readonly string[];
  /** Those that another live worker has. */
  readonly served: readonly string[];
  /** Those that only live receive-only processes have. */
  readonly idle: readonly string[];
  /** Those that no live process has: the process that received the event, or the worker that started them, has stopped or is still joining. */
  readonly gone: readonly string[];
}

const NONE: MissingHandlers = { names: [], served: [], idle: [], gone: [] };

/**
 * Returns the handlers of an event that this worker must leave to other workers: those of live processes, of the process
 * that received the event, and those that an earlier attempt started.
 *
 * @param delivery the handled delivery; a probe of `doctor` has no handlers
 * @param own this worker's handlers of the event
 * @param wanted the handlers of live processes
 */
export function missingHandlers(
  { data }: Pick<DeliveryJob, 'data'>,
  {
    delivery,
    own,
    wanted,
    checkpoints,
  }: {
    readonly delivery: Pick<VerifiedDelivery, 'sentType' | 'event'>;
    readonly own: readonly Pick<EventHandler, 'name'>[];
    readonly wanted: WantedHandlers;
    readonly checkpoints: Pick<DeliveryCheckpoints, 'has' | 'unfinished'>;
  },
): MissingHandlers {
  if (isDoctorProbe(delivery)) return NONE;
  const isMissing = (name: string) => !own.some((handler) => handler.name === name) && !checkpoints.has(name);
  const served = wanted.run.filter(isMissing);
  const idle = wanted.idle.filter(isMissing);
  const known = [...checkpoints.unfinished, ...storedHandlers(data, delivery.event.type)];
  const gone = [...new Set(known)].filter(
    (name) => isMissing(name) && !wanted.run.includes(name) && !wanted.idle.includes(name),
  );
  return { names: [...served, ...idle, ...gone], served, idle, gone };
}

/** Returns why an event failed. Operators read it before they replay the event. */
export function missingReason({ served, idle, gone }: MissingHandlers): string {
  return [
    ...(served.length > 0 ? [`no live worker has run ${served.join(', ')}`] : []),
    ...(idle.length > 0
      ? [
          `no worker has ${idle.join(', ')}, and a process with workers: false does not run its own: list the class in a module of the workers, then replay the event`,
        ]
      : []),
    ...(gone.length > 0
      ? [
          `no live worker has ${gone.join(', ')}: start a worker that has it (if it was renamed, under its old name), then replay the event, or discard the event if the handler was removed`,
        ]
      : []),
  ].join('; ');
}

/** True if a process that has the missing handlers may still be joining. */
export function mayBeJoining({ idle }: MissingHandlers, ageMs: number): boolean {
  return idle.length === 0 && ageMs < JOIN_MS;
}

/** Returns why no worker has the handlers that events wait for, for the app's log. */
export function unavailableReason({ idle, gone }: MissingHandlers): string {
  return [
    ...(idle.length > 0
      ? ['A process with `workers: false` does not run its own. List their classes in a module of the workers.']
      : []),
    ...(gone.length > 0
      ? [
          `No live process has ${gone.join(', ')}: start a worker that has it. Apps that share a store but no handlers each need their own queueName.`,
        ]
      : []),
  ].join(' ');
}

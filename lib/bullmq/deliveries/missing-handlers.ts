import { isDoctorProbe } from '../../shared/doctor-probe.js';
import type { EventHandler } from '../../handlers/event-handler.js';
import type { WantedHandlers } from '../peers/handler-roster.js';
import type { DeliveryJob } from '../store/inbox-store.js';
import type { DeliveryCheckpoints } from './delivery-checkpoints.js';
import { loadBullmq } from '../store/optional-peers.js';

const MIN_DELAY_MS = 250;
const MAX_DELAY_MS = 10_000;

/** Handlers of an event that have not completed and that this worker does not have. */
export interface MissingHandlers {
  readonly names: readonly string[];
  /** True if a live worker has one of them. Otherwise only receive-only processes do, or none. */
  readonly hasLiveWorker: boolean;
  /** Those that no live process has: the worker that started them has stopped. */
  readonly orphaned: readonly string[];
}

const NONE: MissingHandlers = { names: [], hasLiveWorker: false, orphaned: [] };

type OwnHandler = Pick<EventHandler, 'name' | 'isInternal'>;

/**
 * Returns the handlers of an event that this worker must leave to other workers.
 *
 * @param delivery the handled delivery; a probe of `doctor` has no handlers
 * @param own this worker's handlers of the event
 * @param wanted the handlers of live processes
 */
export function missingHandlers(
  job: DeliveryJob,
  {
    delivery,
    own,
    wanted,
    checkpoints,
  }: {
    readonly delivery: { readonly sentType: string };
    readonly own: readonly OwnHandler[];
    readonly wanted: WantedHandlers;
    readonly checkpoints: DeliveryCheckpoints;
  },
): MissingHandlers {
  if (isDoctorProbe(delivery)) return NONE;
  const isMissing = (name: string) => !own.some((handler) => handler.name === name) && !checkpoints.has(name);
  const served = wanted.run.filter(isMissing);
  const idle = [...new Set([...wanted.idle, ...receiverHandlers(job, own, checkpoints)])].filter(
    (name) => isMissing(name) && !wanted.run.includes(name),
  );
  const orphaned = checkpoints.unfinished.filter(
    (name) => isMissing(name) && !wanted.run.includes(name) && !idle.includes(name),
  );
  return { names: [...served, ...idle, ...orphaned], hasLiveWorker: served.length > 0, orphaned };
}

/**
 * Returns the handlers of the process that received the event, if no handler has completed yet: that process may be gone,
 * or its heartbeat may not have arrived. Once a handler has completed, only live processes count.
 */
function receiverHandlers(
  { data }: DeliveryJob,
  own: readonly OwnHandler[],
  { progress }: DeliveryCheckpoints,
): readonly string[] {
  const internal = new Set(own.filter(({ isInternal }) => isInternal).map(({ name }) => name));
  const hasRun = Object.keys(progress.handlers ?? {}).some((name) => !internal.has(name));
  return hasRun || data.decided !== undefined ? [] : (data.idleHandlers ?? []);
}

/** Returns why an event failed. Operators read it before they replay the event. */
export function missingReason({ names, hasLiveWorker, orphaned }: MissingHandlers): string {
  if (hasLiveWorker) return `no live worker has run ${names.join(', ')}`;
  const idle = names.filter((name) => !orphaned.includes(name));
  const reasons = [
    ...(idle.length > 0
      ? [
          `no worker has ${idle.join(', ')}, and a process with workers: false does not run its own: list the class in a module of the workers, then replay the event`,
        ]
      : []),
    ...(orphaned.length > 0
      ? [
          `no live worker has ${orphaned.join(', ')}, which an earlier attempt did not complete: start a worker that has it (if it was renamed, under its old name), then replay the event, or discard the event if the handler was removed`,
        ]
      : []),
  ];
  return reasons.join('; ');
}

/** Returns why no worker has the handlers that events wait for, for the app's log. */
export function unavailableReason({ names, orphaned }: MissingHandlers): string {
  return [
    ...(orphaned.length < names.length
      ? ['A process with `workers: false` does not run its own. List their classes in a module of the workers.']
      : []),
    ...(orphaned.length > 0
      ? [
          `The worker that started ${orphaned.join(', ')} has stopped: start one that has it. Apps that share a store but no handlers each need a queueName of their own.`,
        ]
      : []),
  ].join(' ');
}

/**
 * Postpones an event until a worker has its handlers, without using up an attempt. The delay grows up to 10 s.
 *
 * @returns the error that the processor must throw
 */
export async function postponeForWorker(
  job: DeliveryJob,
  token: string | undefined,
  { ageMs, now }: { readonly ageMs: number; readonly now: number },
): Promise<Error> {
  const { DelayedError } = await loadBullmq();
  await job.moveToDelayed(now + Math.min(Math.max(Math.round(ageMs / 4), MIN_DELAY_MS), MAX_DELAY_MS), token);
  return new DelayedError();
}

import { GeminiWebhooksError } from '../../errors.js';
import type { GeminiResourceKind } from '../../events/event-catalogue.js';
import { checkObject } from '../../shared/check-object.js';
import type { HidableOperation, JobEnd, SimulatedJobRef } from './simulated-api.js';

/** Events that a fault affects: those of a kind of job, or of one job; by default all. */
export interface EventFaultScope {
  readonly kind?: GeminiResourceKind;
  /** Resource name of the job. */
  readonly job?: string;
}

/** Number of occurrences of a fault. */
export interface FaultTimes {
  /** @default until it is removed */
  readonly times?: number;
}

/**
 * Fault to inject.
 *
 * - `lose`: the event is never sent.
 * - `duplicate`: the event is sent twice at once, with the same id.
 * - `reorder`: the event is held back until a later event has been sent, or for a second.
 * - `forge`: a copy with a wrong signature is sent as well.
 * - `foreign`: an event that Google signed for a job of another project is sent as well, to the same URI without its query.
 * - `stale`: the first attempt carries a timestamp ten minutes old.
 * - `delay`: the event is sent `delayMs` later, by the simulator's clock.
 * - `end`: the next jobs to start have this outcome.
 * - `refuse_user_metadata`: starting a job with `userMetadata` returns 400 `Unknown name "userMetadata"`.
 * - `not_found`: a GET of an existing job responds as for an unknown one (googleapis/python-genai#2985): 404 for a
 *   batch, 400 `Invalid interaction name` for an interaction or a video. For `job` (a batch's name or an interaction's
 *   id), or for all of `operation`, or for all jobs.
 * - `api_error`: a call returns this HTTP status; 0 closes the connection instead. With `afterEffect` the call still takes
 *   effect.
 * - `api_delay`: the response to a call comes `delayMs` later, by the machine's clock.
 */
export type SimulatorFault =
  | ({ readonly fault: 'lose' | 'duplicate' | 'reorder' | 'forge' | 'foreign' | 'stale' } & EventFaultScope &
      FaultTimes)
  | ({ readonly fault: 'delay'; readonly delayMs: number } & EventFaultScope & FaultTimes)
  | ({ readonly fault: 'end'; readonly end: JobEnd; readonly kind?: GeminiResourceKind } & FaultTimes)
  | ({ readonly fault: 'refuse_user_metadata' } & FaultTimes)
  | ({ readonly fault: 'not_found'; readonly operation?: HidableOperation; readonly job?: string } & FaultTimes)
  | ({
      readonly fault: 'api_error';
      readonly status: number;
      /** Name of the call in the SDK: `batches.get`. By default all calls. */
      readonly operation?: string;
      /** `Retry-After` of the response. */
      readonly retryAfterSeconds?: number;
      /** @default false */
      readonly afterEffect?: boolean;
    } & FaultTimes)
  | ({ readonly fault: 'api_delay'; readonly delayMs: number; readonly operation?: string } & FaultTimes);

/** Names of all faults. */
export const FAULT_NAMES = [
  'lose',
  'duplicate',
  'reorder',
  'forge',
  'foreign',
  'stale',
  'delay',
  'end',
  'refuse_user_metadata',
  'not_found',
  'api_error',
  'api_delay',
] as const satisfies readonly SimulatorFault['fault'][];

const HIDABLE: readonly string[] = ['interactions.get', 'batches.get'] satisfies readonly HidableOperation[];

type FaultNamed<Name extends SimulatorFault['fault']> = Extract<SimulatorFault, { readonly fault: Name }>;

/** Injected faults. */
export class Faults {
  readonly #active = new Map<SimulatorFault, { timesLeft: number }>();

  /** @returns a function that removes it @throws GeminiWebhooksError `invalid_argument` */
  add(fault: SimulatorFault): () => void {
    checkFault(fault);
    const copy = { ...fault };
    this.#active.set(copy, { timesLeft: fault.times ?? Infinity });
    return () => void this.#active.delete(copy);
  }

  /** Finds the first fault with this name that `matches`, and consumes one of its remaining occurrences. */
  take<Name extends SimulatorFault['fault']>(
    name: Name,
    matches: (fault: FaultNamed<Name>) => boolean = () => true,
  ): FaultNamed<Name> | undefined {
    for (const [fault, left] of this.#active) {
      if (!isNamed(fault, name) || !matches(fault)) continue;
      left.timesLeft -= 1;
      if (left.timesLeft <= 0) this.#active.delete(fault);
      return fault;
    }
    return undefined;
  }
}

/** True if a fault affects events of a job; a ping belongs to no job. */
export function appliesTo({ kind, job }: EventFaultScope, ref: SimulatedJobRef | undefined): boolean {
  return (kind === undefined || kind === ref?.kind) && (job === undefined || job === ref?.name);
}

/** True if a `not_found` fault affects a GET of that job. */
export function hides(fault: FaultNamed<'not_found'>, operation: HidableOperation, name: string): boolean {
  return (
    (fault.operation === undefined || fault.operation === operation) &&
    (fault.job === undefined || fault.job.replace(/^interactions\//, '') === name)
  );
}

function isNamed<Name extends SimulatorFault['fault']>(fault: SimulatorFault, name: Name): fault is FaultNamed<Name> {
  return fault.fault === name;
}

function checkFault(fault: SimulatorFault): void {
  checkObject('GeminiSimulator.inject', fault, { code: 'invalid_argument', todo: "Give a fault: { fault: 'lose' }." });
  if (!FAULT_NAMES.includes(fault.fault)) {
    refuse(`${JSON.stringify(fault.fault)} is not a fault. The faults are: ${FAULT_NAMES.join(', ')}.`);
  }
  const { times } = fault;
  if (times !== undefined && !(Number.isSafeInteger(times) && times > 0))
    refuse('times must be a whole number above 0.');
  if ('delayMs' in fault && !(Number.isFinite(fault.delayMs) && fault.delayMs >= 0))
    refuse('delayMs must be 0 or more.');
  if (fault.fault === 'not_found') checkHidable(fault.operation);
  if (fault.fault === 'api_error' && fault.status !== 0 && !(fault.status >= 400 && fault.status <= 599)) {
    refuse('status must be an HTTP status from 400 to 599, or 0 to close the connection.');
  }
}

function checkHidable(operation: string | undefined): void {
  if (operation === undefined || HIDABLE.includes(operation)) return;
  refuse(`operation of not_found must be ${HIDABLE.join(' or ')}, not ${JSON.stringify(operation)}.`);
}

function refuse(why: string): never {
  throw new GeminiWebhooksError('invalid_argument', `GeminiSimulator.inject: ${why}`);
}

import { GeminiWebhooksError } from '../../errors.js';
import type { GeminiResourceKind } from '../../events/event-catalogue.js';
import type { JobEnd, SimulatedJobRef } from './simulated-api.js';

/** Which events a fault is for: those of a kind of job, or of one job. All of them when neither is given. */
export interface EventFaultScope {
  readonly kind?: GeminiResourceKind;
  /** The job's resource name. */
  readonly job?: string;
}

/** How often a fault happens. */
export interface FaultTimes {
  /** @default until it is removed */
  readonly times?: number;
}

/**
 * What can go wrong on demand.
 *
 * - `lose`: the event is never sent.
 * - `duplicate`: it is sent twice at once, with one id.
 * - `reorder`: it is held back until a later event has been sent, or for a second.
 * - `forge`: besides it, a copy whose signature is wrong.
 * - `foreign`: besides it, what Google signed for a job of another project, to the same URI without its query.
 * - `stale`: its first attempt carries a timestamp ten minutes old.
 * - `delay`: it is sent `delayMs` of the simulator's time later.
 * - `end`: the jobs that start next end that way.
 * - `refuse_user_metadata`: starting a job with `userMetadata` is answered 400 `Unknown name "userMetadata"`.
 * - `api_error`: a call is answered with that HTTP status; 0 cuts the connection instead. With `afterEffect` the call is
 *   carried out all the same.
 * - `api_delay`: a call is answered `delayMs` of the machine's time later.
 */
export type SimulatorFault =
  | ({ readonly fault: 'lose' | 'duplicate' | 'reorder' | 'forge' | 'foreign' | 'stale' } & EventFaultScope &
      FaultTimes)
  | ({ readonly fault: 'delay'; readonly delayMs: number } & EventFaultScope & FaultTimes)
  | ({ readonly fault: 'end'; readonly end: JobEnd; readonly kind?: GeminiResourceKind } & FaultTimes)
  | ({ readonly fault: 'refuse_user_metadata' } & FaultTimes)
  | ({
      readonly fault: 'api_error';
      readonly status: number;
      /** As the SDK calls it: `batches.get`. All of them when it is not given. */
      readonly operation?: string;
      /** The answer's `Retry-After`. */
      readonly retryAfterSeconds?: number;
      /** @default false */
      readonly afterEffect?: boolean;
    } & FaultTimes)
  | ({ readonly fault: 'api_delay'; readonly delayMs: number; readonly operation?: string } & FaultTimes);

/** Every fault by name. */
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
  'api_error',
  'api_delay',
] as const satisfies readonly SimulatorFault['fault'][];

type FaultNamed<Name extends SimulatorFault['fault']> = Extract<SimulatorFault, { readonly fault: Name }>;

/** The faults that are set now. */
export class Faults {
  readonly #active = new Map<SimulatorFault, { timesLeft: number }>();

  /** @returns what removes it @throws GeminiWebhooksError `invalid_argument` */
  add(fault: SimulatorFault): () => void {
    checkFault(fault);
    const own = { ...fault };
    this.#active.set(own, { timesLeft: fault.times ?? Infinity });
    return () => void this.#active.delete(own);
  }

  /** The first fault of that name for which `matches` holds. It happens now, and so has one time less. */
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

/** Whether a fault is for an event of that job; a ping is of none. */
export function isFor({ kind, job }: EventFaultScope, ref: SimulatedJobRef | undefined): boolean {
  return (kind === undefined || kind === ref?.kind) && (job === undefined || job === ref?.name);
}

function isNamed<Name extends SimulatorFault['fault']>(fault: SimulatorFault, name: Name): fault is FaultNamed<Name> {
  return fault.fault === name;
}

function checkFault(fault: SimulatorFault): void {
  if (!FAULT_NAMES.includes(fault.fault)) {
    refuse(`${JSON.stringify(fault.fault)} is no fault. The faults are: ${FAULT_NAMES.join(', ')}.`);
  }
  const { times } = fault;
  if (times !== undefined && !(Number.isSafeInteger(times) && times > 0)) refuse('times is a whole number above 0.');
  if ('delayMs' in fault && !(Number.isFinite(fault.delayMs) && fault.delayMs >= 0)) refuse('delayMs is 0 or more.');
  if (fault.fault === 'api_error' && fault.status !== 0 && !(fault.status >= 400 && fault.status <= 599)) {
    refuse('status is an HTTP status from 400 to 599, or 0 to cut the connection.');
  }
}

function refuse(why: string): never {
  throw new GeminiWebhooksError('invalid_argument', `GeminiSimulator.inject: ${why}`);
}

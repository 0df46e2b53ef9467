import { isFor, type Faults } from './faults.js';
import type { SimulatedJobRef } from './simulated-api.js';

/** What faults do to one event. */
export interface EventFaults {
  readonly isLost: boolean;
  readonly isDuplicated: boolean;
  readonly isReordered: boolean;
  readonly isForged: boolean;
  readonly isStale: boolean;
  /** Whether another project's event goes to the same place. */
  readonly hasForeign: boolean;
  /** Of the simulator's time. */
  readonly delayMs: number;
  /** Those that change the event's own delivery, for the record. */
  readonly names: readonly string[];
}

/** Takes what is set for an event of that job. A lost one uses up no other fault. */
export function eventFaultsOf(faults: Faults, job: SimulatedJobRef | undefined): EventFaults {
  const isLost = faults.take('lose', (fault) => isFor(fault, job)) !== undefined;
  const isSet = (name: 'duplicate' | 'reorder' | 'forge' | 'foreign' | 'stale') =>
    !isLost && faults.take(name, (fault) => isFor(fault, job)) !== undefined;
  const [isDuplicated, isReordered, isForged] = [isSet('duplicate'), isSet('reorder'), isSet('forge')];
  const [hasForeign, isStale] = [isSet('foreign'), isSet('stale')];
  const delayed = isLost ? undefined : faults.take('delay', (fault) => isFor(fault, job));
  return {
    isLost,
    isDuplicated,
    isReordered,
    isForged,
    isStale,
    hasForeign,
    delayMs: delayed?.delayMs ?? 0,
    names: [...(delayed ? ['delay'] : []), ...(isReordered ? ['reorder'] : []), ...(isStale ? ['stale'] : [])],
  };
}

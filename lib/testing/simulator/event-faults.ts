import { appliesTo, type Faults } from './faults.js';
import type { SimulatedJobRef } from './simulated-api.js';

/** Effects of faults on one event. */
export interface EventFaults {
  readonly isLost: boolean;
  readonly isDuplicated: boolean;
  readonly isReordered: boolean;
  readonly isForged: boolean;
  readonly isStale: boolean;
  /** True if an event of another project goes to the same URI. */
  readonly hasForeign: boolean;
  /** In milliseconds of the simulator's clock. */
  readonly delayMs: number;
  /** Names of the faults that change the original delivery, for the record. */
  readonly names: readonly string[];
}

/** Consumes the faults for an event of that job. A lost event consumes no other fault. */
export function eventFaultsOf(faults: Faults, job: SimulatedJobRef | undefined): EventFaults {
  const isLost = faults.take('lose', (fault) => appliesTo(fault, job)) !== undefined;
  const isSet = (name: 'duplicate' | 'reorder' | 'forge' | 'foreign' | 'stale') =>
    !isLost && faults.take(name, (fault) => appliesTo(fault, job)) !== undefined;
  const [isDuplicated, isReordered, isForged] = [isSet('duplicate'), isSet('reorder'), isSet('forge')];
  const [hasForeign, isStale] = [isSet('foreign'), isSet('stale')];
  const delayed = isLost ? undefined : faults.take('delay', (fault) => appliesTo(fault, job));
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

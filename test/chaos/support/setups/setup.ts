import type { InspectedQueue } from '../../../support/queues.js';
import type { InboxConfig, Place } from '../app-process.js';
import { happeningTo, type Fault } from '../faults.js';
import { frozen, killed, skewed, terminated, type FaultyFleet } from '../process-faults.js';
import type { StoreFault } from '../store-faults.js';

/** True for 10,000 events on each setup and many faults of each kind. */
export const FULL = process.env['FAULTS'] === 'full';
/** True for the few faults that CI runs, but on each setup. */
export const EACH = process.env['FAULTS'] === 'each';

/** How long a fault of a store lasts. */
export const FAULT_MS = 2_000;
export const LOCK_MS = FULL ? 10_000 : 5_000;
/** Longer than a lock: other workers take the events over. */
const FROZEN_MS = LOCK_MS + 2_000;
const SKEWED_MS = 2_000;
/** More than a lock lasts, and few enough to wait for the retries that a process with this clock schedules. */
const AHEAD_MS = 20_000;
const BEHIND_MS = -600_000;

/** A fault, and how often it happens. */
export interface Planned {
  readonly fault: Fault<FaultyFleet<Place>>;
  readonly times: number;
}

/** A store in use, and what can happen to it. */
export interface RunningSetup {
  readonly inbox: InboxConfig;
  readonly processes: number;
  readonly place?: Place;
  readonly faults: readonly Planned[];
  openQueue?(name: string): InspectedQueue;
  stop(): Promise<void>;
}

export interface Setup {
  readonly name: string;
  /** True if CI runs it. */
  readonly usual?: boolean;
  /** What can make a handler run again although no process was killed or frozen. */
  readonly tolerated?: readonly 'skewed'[];
  start(): Promise<RunningSetup>;
}

export function planned(fault: Fault<FaultyFleet<Place>>, usual: number, full: number): Planned {
  return { fault, times: FULL ? full : usual };
}

/** The fault, which happens to the store. */
export function onStore<Store>(store: Store, fault: StoreFault<Store>, usual: number, full: number): Planned {
  return planned(happeningTo(store, fault(FAULT_MS)), usual, full);
}

/** Faults of processes that share a store. */
export function processFaults(): Planned[] {
  return [
    planned(killed, 2, 20),
    planned(terminated, 0, 3),
    planned(frozen(FROZEN_MS), 0, 2),
    planned(skewed(AHEAD_MS, SKEWED_MS), 0, 1),
    planned(skewed(BEHIND_MS, SKEWED_MS), 0, 1),
  ];
}

/** In an order in which the faults of each kind are spread evenly. */
export function inOrder(faults: readonly Planned[]): Fault<FaultyFleet<Place>>[] {
  return faults
    .flatMap(({ fault, times }) =>
      Array.from({ length: times }, (_one, index) => ({ fault, place: (index + 0.5) / times })),
    )
    .toSorted((one, other) => one.place - other.place)
    .map(({ fault }) => fault);
}

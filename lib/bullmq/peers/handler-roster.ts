import { catalogueType } from '../../events/event-catalogue.js';
import { matchesPattern } from '../../events/event-pattern.js';
import type { GeminiEventPattern } from '../../events/gemini-event.js';

/** A handler as peers see it. */
export interface RosterHandler {
  readonly name: string;
  readonly patterns: readonly GeminiEventPattern[];
  /** True for one of the module itself. */
  readonly isInternal?: boolean | undefined;
}

/** What a process publishes about itself in each heartbeat. */
export interface RosterEntry {
  readonly node: string;
  /** True if it runs workers. */
  readonly works: boolean;
  /** Handlers that it runs. */
  readonly handlers: readonly RosterHandler[];
  /** Handlers that it has but does not run, because it has no workers. Earlier versions omit them. */
  readonly idle?: readonly RosterHandler[];
  /** How long it counts as alive after this heartbeat, in milliseconds. Earlier versions omit it. */
  readonly leaseMs?: number;
  /** True if it does not acknowledge new processes. */
  readonly isSilent?: boolean;
}

/** Distinct names of the handlers of an event. */
export interface WantedHandlers {
  /** Handlers that live workers run. */
  readonly run: readonly string[];
  /** Handlers that only receive-only processes have. */
  readonly idle: readonly string[];
}

interface LiveEntry extends Omit<RosterEntry, 'node'> {
  readonly until: number;
  /** True if an outage has renewed the lease since the process was last heard. */
  readonly isRenewed?: boolean;
}

/** How long a process counts as alive after its last heartbeat, in milliseconds. */
export const ROSTER_LEASE_MS = 60_000;
/** Interval between heartbeats, in milliseconds. */
export const ROSTER_HEARTBEAT_MS = 20_000;
/** The interval of a worker without peers: only a process that joins reads its entry. Shorter than the lease. */
const ALONE_HEARTBEAT_MS = 45_000;
/** What earlier versions, which publish no lease, expect of their peers. */
const EARLIER = { leaseMs: 30_000, heartbeatMs: 10_000 };
/** A process also receives its own heartbeats. If even those are missing for so many intervals, it is disconnected. */
const DISCONNECTED_AFTER = 1.2;
/** The same for a process that only receives events, in milliseconds. */
export const DISCONNECTED_AFTER_MS = DISCONNECTED_AFTER * ROSTER_HEARTBEAT_MS;
/** Time without a worker's heartbeat before a warning, in milliseconds. Including one interval, it is less than a minute. */
export const WORKER_ABSENT_MS = 39_000;
/** How long entries read from the store stay valid while disconnected, in milliseconds. */
const READ_FRESH_MS = 1_000;

/**
 * The live processes and their handlers. During a rolling deploy it keeps a worker without some handler from completing
 * that handler's events. Held in memory from heartbeats: reading it costs no request.
 */
export class HandlerRoster {
  readonly #entries = new Map<string, LiveEntry>();
  /** Handlers by event type, a cache. */
  readonly #matching = new Map<string, WantedHandlers>();
  #lastHeartbeatAt = 0;
  #lastReadAt = 0;
  #mayHaveMissed = false;

  constructor(readonly now: () => number = Date.now) {}

  /** Updates a process from its heartbeat. */
  update(entry: RosterEntry): void {
    this.#extendAfterOutage();
    this.#set(entry);
  }

  #set({ node, ...entry }: RosterEntry): void {
    this.#entries.set(node, { ...entry, until: this.now() + leaseOf(entry) });
    this.#matching.clear();
  }

  /** Interval between this process's heartbeats, in milliseconds: as often as its peers need them. */
  get heartbeatMs(): number {
    this.#live();
    return this.#heartbeatMs;
  }

  get #heartbeatMs(): number {
    const entries = [...this.#entries.values()];
    if (entries.some(({ leaseMs }) => leaseMs === undefined)) return EARLIER.heartbeatMs;
    return entries.length === 1 && entries[0]!.works ? ALONE_HEARTBEAT_MS : ROSTER_HEARTBEAT_MS;
  }

  get #disconnectedAfterMs(): number {
    return DISCONNECTED_AFTER * this.#heartbeatMs;
  }

  /** Removes a process that has left. */
  remove(node: string): void {
    this.#entries.delete(node);
    this.#matching.clear();
  }

  /**
   * Renews every lease after an outage of the store: a process that was not heard may still be alive. Until it is heard,
   * further outages only do not count. Otherwise heartbeats that keep being late would keep a dead process alive.
   */
  #extendAfterOutage(): void {
    const now = this.now();
    const sinceLastMs = now - this.#lastHeartbeatAt;
    const heartbeatMs = this.#heartbeatMs;
    if (sinceLastMs > DISCONNECTED_AFTER * heartbeatMs) {
      this.#mayHaveMissed = this.#lastHeartbeatAt > 0;
      const outageMs = sinceLastMs - heartbeatMs;
      for (const [node, entry] of this.#live()) {
        const until = entry.isRenewed ? entry.until + outageMs : now + leaseOf(entry);
        this.#entries.set(node, { ...entry, until, isRenewed: true });
      }
    }
    this.#lastHeartbeatAt = now;
  }

  /** Merges the entries that were read from the store at `since` or later. */
  refresh(entries: readonly RosterEntry[], since: number): void {
    for (const entry of entries) this.#set(entry);
    this.#lastReadAt = since;
    this.#mayHaveMissed = false;
    if (this.#lastHeartbeatAt === 0) this.#lastHeartbeatAt = since;
  }

  /** True if a process may have joined unnoticed: the entries must be read from the store. */
  get isStale(): boolean {
    const now = this.now();
    return (
      (this.#mayHaveMissed || now - this.#lastHeartbeatAt > this.#disconnectedAfterMs) &&
      now - this.#lastReadAt > READ_FRESH_MS
    );
  }

  /** True if a live process runs workers. */
  get hasWorkers(): boolean {
    for (const { works } of this.#live().values()) if (works) return true;
    return false;
  }

  /** True if a process other than this node is alive. */
  hasOthers(self: string): boolean {
    for (const node of this.#live().keys()) if (node !== self) return true;
    return false;
  }

  /** True if a live worker other than this node runs other handlers than this node. */
  hasOtherHandlers(self: string): boolean {
    const live = this.#live();
    const own = namesOf(live.get(self));
    for (const [node, entry] of live) if (node !== self && entry.works && namesOf(entry) !== own) return true;
    return false;
  }

  /** Returns the handlers of live processes for events of this type. */
  matching(type: string): WantedHandlers {
    const live = this.#live();
    const key = catalogueType(type) ?? '';
    let wanted = this.#matching.get(key);
    if (!wanted) {
      const entries = [...live.values()];
      const run = handlersMatching(
        type,
        entries.flatMap(({ handlers }) => handlers),
      );
      const idle = handlersMatching(
        type,
        entries.flatMap((entry) => entry.idle ?? []),
      );
      wanted = { run, idle: idle.filter((name) => !run.includes(name)) };
      this.#matching.set(key, wanted);
    }
    return wanted;
  }

  #live(): ReadonlyMap<string, LiveEntry> {
    // While disconnected, no lease expires.
    const now = Math.min(this.now(), this.#lastHeartbeatAt + this.#disconnectedAfterMs);
    for (const [node, { until }] of this.#entries) if (until < now) this.remove(node);
    return this.#entries;
  }
}

function leaseOf({ leaseMs = EARLIER.leaseMs }: Pick<RosterEntry, 'leaseMs'>): number {
  return leaseMs;
}

function namesOf(entry: Pick<RosterEntry, 'handlers'> | undefined): string {
  return JSON.stringify(entry?.handlers.map(({ name }) => name).toSorted());
}

/** Returns the distinct names of the handlers of events of this type. */
export function handlersMatching(type: string, handlers: readonly RosterHandler[]): readonly string[] {
  // All unknown types match the same handlers.
  const key = catalogueType(type) ?? '';
  return [...new Set(handlers.filter(({ patterns }) => matchesPattern(key, patterns)).map(({ name }) => name))];
}

import { catalogueType } from '../events/event-catalogue.js';
import { matchesPattern } from '../events/event-pattern.js';
import type { GeminiEventPattern } from '../events/gemini-event.js';

/** A handler as other processes know it. */
export interface RosterHandler {
  readonly name: string;
  readonly patterns: readonly GeminiEventPattern[];
}

/** What a process makes known of itself, again and again. */
export interface RosterEntry {
  readonly node: string;
  /** Whether it takes jobs. */
  readonly works: boolean;
  readonly handlers: readonly RosterHandler[];
}

interface LiveEntry {
  readonly handlers: readonly RosterHandler[];
  readonly until: number;
}

/** How long a process counts as alive after its last sign of life, in milliseconds. */
export const ROSTER_LEASE_MS = 30_000;
/** How often a process gives one, in milliseconds. */
export const ROSTER_HEARTBEAT_MS = 10_000;
/** A process hears itself as well. When even that has been missing for so long, nobody could be heard. */
const DEAF_AFTER_MS = 1.2 * ROSTER_HEARTBEAT_MS;
/** How long what was read in the store is good for, in milliseconds, while nobody is heard. */
const READ_FRESH_MS = 1_000;

/**
 * Which processes are alive and which handlers they have, so that during a rolling deploy a worker that lacks one does not
 * swallow its events. Kept in memory from what they publish: asking costs no request.
 */
export class HandlerRoster {
  readonly #entries = new Map<string, LiveEntry>();
  /** By the catalogue's type: the same for event after event. */
  readonly #matching = new Map<string, readonly string[]>();
  #lastHeard = 0;
  #lastRead = 0;
  #missedSome = false;

  constructor(readonly now: () => number = Date.now) {}

  /** A process' sign of life. */
  heard({ node, handlers }: Omit<RosterEntry, 'works'>): void {
    this.#forgiveSilence();
    this.#entries.set(node, { handlers, until: this.now() + ROSTER_LEASE_MS });
    this.#matching.clear();
  }

  /** A process has said goodbye. */
  left(node: string): void {
    this.#entries.delete(node);
    this.#matching.clear();
  }

  /** Who is silent need not be dead: after an outage of the store each has as long again to be heard. */
  #forgiveSilence(): void {
    const now = this.now();
    if (now - this.#lastHeard > DEAF_AFTER_MS) {
      this.#missedSome = this.#lastHeard > 0;
      for (const [node, { handlers }] of this.#entries)
        this.#entries.set(node, { handlers, until: now + ROSTER_LEASE_MS });
    }
    this.#lastHeard = now;
  }

  /** What the store keeps of everyone, as it was read at `since` or later. */
  read(entries: readonly RosterEntry[], since: number): void {
    const until = this.now() + ROSTER_LEASE_MS;
    for (const { node, handlers } of entries) this.#entries.set(node, { handlers, until });
    this.#matching.clear();
    this.#lastRead = since;
    this.#missedSome = false;
    if (this.#lastHeard === 0) this.#lastHeard = since;
  }

  /** Whether somebody may have come of whom this process has not heard: what the store keeps is to be read. */
  get isStale(): boolean {
    const now = this.now();
    return (this.#missedSome || now - this.#lastHeard > DEAF_AFTER_MS) && now - this.#lastRead > READ_FRESH_MS;
  }

  /** Whether anybody but this node is alive. */
  hasOthers(than: string): boolean {
    for (const node of this.#live().keys()) if (node !== than) return true;
    return false;
  }

  /** Names of the handlers of live workers that want events of this type. */
  matching(type: string): readonly string[] {
    const live = this.#live();
    // Unknown types are whatever a sender writes: they share one entry.
    const key = catalogueType(type) ?? '';
    let names = this.#matching.get(key);
    if (!names) {
      const handlers = [...live.values()].flatMap((entry) => entry.handlers);
      names = [...new Set(handlers.filter(({ patterns }) => matchesPattern(key, patterns)).map(({ name }) => name))];
      this.#matching.set(key, names);
    }
    return names;
  }

  #live(): ReadonlyMap<string, LiveEntry> {
    // While nobody is heard, nobody is taken for dead.
    const now = Math.min(this.now(), this.#lastHeard + DEAF_AFTER_MS);
    for (const [node, { until }] of this.#entries) if (until < now) this.left(node);
    return this.#entries;
  }
}

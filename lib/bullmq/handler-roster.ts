import { matchesPattern } from '../events/event-pattern.js';
import type { GeminiEventPattern } from '../events/gemini-event.js';

/** A handler as other processes know it. */
export interface RosterHandler {
  readonly name: string;
  readonly patterns: readonly GeminiEventPattern[];
}

/** What a worker makes known of itself, again and again. */
export interface RosterEntry {
  readonly node: string;
  readonly handlers: readonly RosterHandler[];
}

/** How long a worker counts as alive after its last sign of life, in milliseconds. */
export const ROSTER_LEASE_MS = 30_000;
/** How often a worker gives one, in milliseconds. */
export const ROSTER_HEARTBEAT_MS = 10_000;

/**
 * Which handlers live workers have, so that during a rolling deploy a worker that lacks one does not swallow its events.
 * Kept in memory from what the workers publish: asking costs no request.
 */
export class HandlerRoster {
  readonly #entries = new Map<string, { readonly handlers: readonly RosterHandler[]; readonly until: number }>();
  readonly #now: () => number;
  #lastHeard = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A worker's sign of life. */
  heard({ node, handlers }: RosterEntry): void {
    this.#forgiveSilence();
    this.#entries.set(node, { handlers, until: this.#now() + ROSTER_LEASE_MS });
  }

  /** A worker has said goodbye. */
  left(node: string): void {
    this.#entries.delete(node);
  }

  /**
   * A worker hears itself as well. When even that was missing, nobody could be heard, and who is silent need not be dead:
   * after an outage of the store each has as long again to be heard.
   */
  #forgiveSilence(): void {
    const now = this.#now();
    if (now - this.#lastHeard > 1.2 * ROSTER_HEARTBEAT_MS) {
      for (const [node, { handlers }] of this.#entries)
        this.#entries.set(node, { handlers, until: now + ROSTER_LEASE_MS });
    }
    this.#lastHeard = now;
  }

  /** Names of the handlers of live workers that want events of this type. */
  matching(type: string): ReadonlySet<string> {
    // While nobody is heard, nobody is taken for dead.
    const now = Math.min(this.#now(), this.#lastHeard + 1.2 * ROSTER_HEARTBEAT_MS);
    const names = new Set<string>();
    for (const [node, { handlers, until }] of this.#entries) {
      if (until < now) this.#entries.delete(node);
      else for (const { name, patterns } of handlers) if (matchesPattern(type, patterns)) names.add(name);
    }
    return names;
  }
}

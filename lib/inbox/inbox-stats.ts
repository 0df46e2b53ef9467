/** Number of events in each state, and the age of the oldest one. A durable inbox counts those of all its processes. */
export interface GeminiInboxStats {
  /** Events that wait for a worker. 0 on the inline inbox. */
  readonly waiting: number;
  /** Events whose handlers are running. */
  readonly active: number;
  /** Events that wait for their next attempt. 0 on the inline inbox. */
  readonly delayed: number;
  /** Events in `GeminiFailedEvents`. 0 on the inline inbox: Gemini keeps them and retries. */
  readonly failed: number;
  /**
   * Time since the oldest unfinished event was accepted, in milliseconds, and 0 if every event is finished. A failed event
   * counts as finished. With more than 1,000 events in one state, only the first and the last 500 of that state are read.
   */
  readonly oldestAgeMs: number;
}

/**
 * State of the inbox's store. `connecting` until it has answered once, `unavailable` when it no longer answers, `closed` at
 * shutdown, and `none` on the inline inbox. `unknown` if a custom inbox does not report it.
 */
export type InboxStoreState = 'up' | 'connecting' | 'unavailable' | 'closed' | 'none' | 'unknown';

/**
 * State of the worker that handles the events. `elsewhere` and `absent` are for a process with `workers: false`: another
 * process on the same store runs a worker, or none does. `unknown` if a custom inbox does not report it.
 */
export type InboxWorkerState = 'running' | 'starting' | 'stopped' | 'elsewhere' | 'absent' | 'unknown';

/** Health of an inbox, for `GeminiWebhooksHealth`. */
export interface InboxHealth {
  readonly store: InboxStoreState;
  readonly worker: InboxWorkerState;
  /** Absent while the events cannot be counted. */
  readonly stats?: GeminiInboxStats | undefined;
}

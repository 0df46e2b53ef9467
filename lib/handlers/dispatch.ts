/** One attempt to handle an event, requested by the inbox that owns it. */
export interface DispatchRun {
  /** Number of the attempt, starting at 1. */
  readonly attempt: number;
  /** True if this is the event's last attempt. By default a failed handler is retried. */
  readonly isLast?: boolean | undefined;
  /** Approximate delay before a retry, in milliseconds, if known. */
  readonly retryInMs?: number | undefined;
  /** True if another process has handlers for the event. Having none in this process is then no reason to warn. */
  readonly isWantedElsewhere?: boolean | undefined;
  /** Id under which the inbox keeps the event if it fails, for the log. */
  readonly failedEventId?: string | undefined;
  readonly checkpoints: HandlerCheckpoints;
  /**
   * Number of replays "from the start" so far. `context.claim` claims anew in each.
   * @default 0
   */
  readonly generation?: number | undefined;
  /** Aborts the handlers' `context.signal` when the process shuts down and cannot wait any longer. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when a handler starts. The returned function is called when it has ended. After its timeout, also its late success
   * is recorded by then.
   */
  readonly begin?: ((handler: string) => () => void) | undefined;
}

/** Records, by name, which handlers of one event have completed. Those do not run again. */
export interface HandlerCheckpoints {
  has(handler: string): boolean;
  /** Records that a handler has completed. The attempt ends only after this resolves. */
  settle(handler: string, how: HandlerSettlement): void | Promise<void>;
}

/** Result of a completed handler. `failed` is final: an `UnrecoverableEventError`, or a guard denied access. */
export type HandlerSettlement = 'succeeded' | 'failed';

/** Result of an attempt. */
export interface DispatchOutcome {
  /** Names of the handlers to retry. */
  readonly retryable: readonly string[];
  /** Names of the handlers that failed permanently in this attempt. */
  readonly final: readonly string[];
  /** Resolves when the runs that exceeded their timeout have ended. Absent if there are none. */
  readonly overdue?: Promise<unknown>;
}

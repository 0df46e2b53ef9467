/** One attempt at an event, as whoever has custody of it asks for it. */
export interface DispatchRun {
  /** 1 for the first. */
  readonly attempt: number;
  readonly checkpoints: HandlerCheckpoints;
  /** Aborts the handlers' `context.signal` when the process cannot wait any longer. */
  readonly signal?: AbortSignal | undefined;
}

/** Which handlers of one event have settled: those are not run again. By handler name. */
export interface HandlerCheckpoints {
  has(handler: string): boolean;
  /** Remembers that a handler has settled. The attempt is not over before this has resolved. */
  settle(handler: string, how: HandlerSettlement): void | Promise<void>;
}

/** `failed` is final: an `UnrecoverableEventError`, or a guard that denied. */
export type HandlerSettlement = 'succeeded' | 'failed';

/** What an attempt came to. */
export interface DispatchOutcome {
  /** Names of the handlers that are to be tried again. */
  readonly retryable: readonly string[];
  /** Names of the handlers that failed for good in this attempt. */
  readonly final: readonly string[];
}

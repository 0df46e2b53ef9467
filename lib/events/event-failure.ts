import type { GeminiEvent } from './gemini-event.js';

/** Failed attempt of a handler, emitted by `GeminiEventBus.failures$`. */
export interface GeminiEventFailure {
  readonly event: GeminiEvent;
  /** Name of the handler. */
  readonly handler: string;
  /** The value that the handler threw. */
  readonly error: unknown;
  /** Number of the attempt, starting at 1. */
  readonly attempt: number;
  /** True if the handler is not retried for this event: it failed permanently, or this was the last attempt. */
  readonly final: boolean;
}

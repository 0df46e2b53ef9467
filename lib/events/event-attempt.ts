import type { GeminiEvent } from './gemini-event.js';

/** Attempt of a handler that has ended, emitted by `GeminiEventBus.attempts$`. */
export interface GeminiEventAttempt {
  readonly event: GeminiEvent;
  /** Name of the handler. */
  readonly handler: string;
  /** Number of the attempt, starting at 1. */
  readonly attempt: number;
  /** `failed` is retried. `final` is not: the handler failed permanently, or this was the last attempt. */
  readonly outcome: 'succeeded' | 'failed' | 'final';
  /** In milliseconds. */
  readonly durationMs: number;
  /** The value that the handler threw. */
  readonly error?: unknown;
}

import type { GeminiEvent } from './gemini-event.js';

/** A handler's failed attempt at an event, as `GeminiEventBus.failures$` emits it. */
export interface GeminiEventFailure {
  readonly event: GeminiEvent;
  /** The handler's name. */
  readonly handler: string;
  /** What it threw. */
  readonly error: unknown;
  /** Which attempt it was; 1 for the first. */
  readonly attempt: number;
  /** `true` when the handler will not be tried again for this event. */
  readonly final: boolean;
}

import type { GeminiEvent, GeminiEventPattern } from '../events/gemini-event.js';
import type { GeminiHandlerContext } from './handler-context.js';

/** One method that handles events, as the dispatcher sees it. */
export interface EventHandler {
  /** Unique in the app and stable across restarts. */
  readonly name: string;
  readonly patterns: readonly GeminiEventPattern[];
  readonly timeoutMs: number | undefined;
  /** Runs it once, with all that Nest puts around it. */
  invoke(event: GeminiEvent, context: GeminiHandlerContext): Promise<unknown>;
}

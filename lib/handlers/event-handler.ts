import type { GeminiEvent, GeminiEventPattern } from '../events/gemini-event.js';
import type { GeminiHandlerContext } from './handler-context.js';

/** A method that handles events, as the dispatcher sees it. */
export interface EventHandler {
  /** Unique in the app and stable across restarts. */
  readonly name: string;
  readonly patterns: readonly GeminiEventPattern[];
  readonly timeoutMs: number | undefined;
  /** True for handlers of the module itself. */
  readonly isInternal?: boolean;
  /** Runs the method once, with its guards, pipes, interceptors and filters. */
  invoke(event: GeminiEvent, context: GeminiHandlerContext): Promise<unknown>;
}

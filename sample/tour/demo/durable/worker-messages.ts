/** What the worker's process tells the demo's. */
export type WorkerMessage =
  | { readonly kind: 'up' }
  | { readonly kind: 'log' | 'error'; readonly message: string; readonly context: string }
  | { readonly kind: 'failed'; readonly handler: string }
  /** The answer to any message of the demo's: all that was said before has arrived. */
  | { readonly kind: 'flushed' };

import { pause } from './pause.js';

/** When to retry. */
export interface RetryOptions {
  /** Max number of attempts, including the first. */
  readonly attempts: number;
  /** Returns the pause after a failed attempt, in milliseconds. Attempts are numbered from 1. */
  delayMs(attempt: number, error: unknown): number;
  /** Returns false for an error that no retry can fix. By default every error is retried. */
  isTransient?(error: unknown): boolean;
  /** Ends the retries, which then reject with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs the work until it succeeds. Rejects with the last error once the attempts are used up. */
export async function retry<Result>(
  work: () => Promise<Result>,
  { attempts, delayMs, isTransient = () => true, signal }: RetryOptions,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt >= attempts || !isTransient(error)) throw error;
      await pause(delayMs(attempt, error), signal);
    }
  }
}

/** Returns a function that runs the work until it has succeeded once. Concurrent callers share one attempt. */
export function singleFlightUntilSuccess(work: () => Promise<void>): () => Promise<void> {
  let attempt: Promise<void> | undefined;
  return () => {
    attempt ??= work().catch((error: unknown) => {
      attempt = undefined;
      throw error;
    });
    return attempt;
  };
}

/** Returns the result of the work, or rejects with the signal's reason once it aborts, even if the work ignores the signal. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const removeListener = () => signal.removeEventListener('abort', onAbort);
    work.then(resolve, reject).finally(removeListener);
  });
}

/** What the work comes to, or the signal's reason as soon as it is aborted: also when the work itself never notices. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const forget = () => signal.removeEventListener('abort', onAbort);
    work.then(resolve, reject).finally(forget);
  });
}

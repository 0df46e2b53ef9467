import { TimeoutError } from '../errors.js';

/** Rejects with a `TimeoutError` if the work takes longer than `timeoutMs`. The work itself continues, so abort it if possible. */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number, message: string): Promise<T> {
  if (await settlesWithin(work, timeoutMs)) return work;
  throw new TimeoutError(`${message} (${timeoutMs} ms).`);
}

/** Resolves with true if the work settles within `timeoutMs`. */
export function settlesWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const settled = () => {
      clearTimeout(timer);
      resolve(true);
    };
    work.then(settled, settled);
  });
}

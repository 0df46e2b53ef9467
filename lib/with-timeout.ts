import { TimeoutError } from './errors.js';

/** The promise, or a `TimeoutError` once it has taken `timeoutMs`. The work itself goes on: abort it where it can be. */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number, message: string): Promise<T> {
  if (await settlesWithin(work, timeoutMs)) return work;
  throw new TimeoutError(`${message} (${timeoutMs} ms).`);
}

/** Whether the work settles, well or badly, before `timeoutMs` have passed. */
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

import { TimeoutError } from '../errors.js';
import type { JobSettlement, JobTracker } from '../inbox/job-tracker.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { callOptions } from '../shared/check-object.js';
import { checkTimeout } from './timeout-check.js';
import { GeminiJobError, type CompletedOptions, type GeminiJobCompletion } from './gemini-job.js';

const KEEP_ALIVE_MS = 60_000;

/**
 * Resolves with the job's success event.
 *
 * @param closing aborts when the app shuts down
 * @throws GeminiJobError when it does not succeed; TimeoutError; a signal's reason; GeminiWebhooksError `invalid_argument`
 *   for a wrong `timeoutMs`
 */
export async function waitForSuccess<Kind extends GeminiResourceKind>(
  tracker: JobTracker,
  id: string,
  options: CompletedOptions,
  closing: AbortSignal,
): Promise<GeminiJobCompletion[Kind]> {
  // A timer treats a delay that it cannot hold (Infinity, NaN) as 1 ms.
  const { timeoutMs } = callOptions('GeminiJob.completed', options);
  if (timeoutMs !== undefined && timeoutMs !== 0) checkTimeout('completed', timeoutMs);
  const { outcome, event, message } = await waitForOutcome(tracker, id, options, closing);
  if (outcome === 'succeeded' && event) return event as GeminiJobCompletion[Kind];
  const code = outcome === 'succeeded' ? 'unknown_outcome' : outcome;
  const reason = message === undefined ? '' : `: ${message.replace(/\.$/, '')}`;
  throw new GeminiJobError(code, `The job ${id} ended as ${code}${reason}.`, id, event);
}

/**
 * Resolves with the job's outcome. Reads it from the tracker at once, then after each of its hints and every
 * `tracker.pollMs`.
 *
 * @param closing aborts when the app shuts down
 */
export function waitForOutcome(
  tracker: JobTracker,
  id: string,
  { timeoutMs, signal }: CompletedOptions,
  closing: AbortSignal,
): Promise<JobSettlement> {
  const signals = signal ? [signal, closing] : [closing];
  return new Promise((resolve, reject) => {
    let reading: Promise<void> | undefined;
    let readAgain = false;
    const timers: NodeJS.Timeout[] = [];
    const finish = (settle: () => void) => {
      for (const timer of timers) clearTimeout(timer);
      for (const one of signals) one.removeEventListener('abort', onAbort);
      unwatch();
      settle();
    };
    const onAbort = () => finish(() => reject(signals.find(({ aborted }) => aborted)?.reason as Error));
    const read = () => {
      readAgain = reading !== undefined;
      reading ??= tracker
        .settlement(id)
        // The store may be down for a while: the next read succeeds.
        .catch(() => undefined)
        .then((outcome) => {
          reading = undefined;
          if (outcome) finish(() => resolve(outcome));
          else if (readAgain) read();
        });
    };
    const unwatch = tracker.watch(id, read);
    for (const one of signals) one.addEventListener('abort', onAbort, { once: true });
    if (signals.some(({ aborted }) => aborted)) return onAbort();
    // Also without `pollMs`: the process must not exit while a caller waits for a job that costs money.
    timers.push(
      tracker.pollMs === undefined ? setInterval(() => undefined, KEEP_ALIVE_MS) : setInterval(read, tracker.pollMs),
    );
    if (timeoutMs !== undefined) {
      const error = () => reject(new TimeoutError(`The job ${id} did not end within ${timeoutMs} ms.`));
      timers.push(setTimeout(() => finish(error), timeoutMs));
    }
    read();
  });
}

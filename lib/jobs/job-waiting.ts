import { TimeoutError } from '../errors.js';
import type { JobSettlement, JobTracker } from '../inbox/job-tracker.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { GeminiJobError, type CompletedOptions, type GeminiJobCompletion } from './gemini-job.js';

/**
 * Resolves with the job's event of success.
 *
 * @param closing aborts when the app shuts down
 * @throws GeminiJobError when it ends otherwise; TimeoutError; a signal's reason
 */
export async function completion<Kind extends GeminiResourceKind>(
  tracker: JobTracker,
  id: string,
  options: CompletedOptions,
  closing: AbortSignal,
): Promise<GeminiJobCompletion[Kind]> {
  const { outcome, event, message } = await settlementOfJob(tracker, id, options, closing);
  if (outcome === 'succeeded' && event) return event as GeminiJobCompletion[Kind];
  const code = outcome === 'succeeded' ? 'unknown_outcome' : outcome;
  const says = message === undefined ? '' : `: ${message}`;
  throw new GeminiJobError(code, `The job ${id} ended as ${code}${says}.`, id, event);
}

/**
 * Resolves with how the job ended: now, when the tracker says that it has changed, or when a look of our own finds it.
 *
 * @param closing aborts when the app shuts down
 */
export function settlementOfJob(
  tracker: JobTracker,
  id: string,
  { timeoutMs, signal }: CompletedOptions,
  closing: AbortSignal,
): Promise<JobSettlement> {
  const signals = signal ? [signal, closing] : [closing];
  return new Promise((resolve, reject) => {
    let looking: Promise<void> | undefined;
    let lookAgain = false;
    const timers: NodeJS.Timeout[] = [];
    const settle = (how: () => void) => {
      for (const timer of timers) clearTimeout(timer);
      for (const one of signals) one.removeEventListener('abort', onAbort);
      unwatch();
      how();
    };
    const onAbort = () => settle(() => reject(signals.find(({ aborted }) => aborted)?.reason as Error));
    const look = () => {
      lookAgain = looking !== undefined;
      looking ??= tracker
        .settlement(id)
        // A store that is away comes back: the next look finds what this one did not.
        .catch(() => undefined)
        .then((settlement) => {
          looking = undefined;
          if (settlement) settle(() => resolve(settlement));
          else if (lookAgain) look();
        });
    };
    const unwatch = tracker.watch(id, look);
    for (const one of signals) one.addEventListener('abort', onAbort, { once: true });
    if (signals.some(({ aborted }) => aborted)) return onAbort();
    if (tracker.pollMs !== undefined) timers.push(setInterval(look, tracker.pollMs));
    if (timeoutMs !== undefined) {
      const error = () => reject(new TimeoutError(`The job ${id} did not end within ${timeoutMs} ms.`));
      timers.push(setTimeout(() => settle(error), timeoutMs));
    }
    look();
  });
}

import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { counted } from '../shared/counted.js';
import { listed } from '../shared/running-work.js';

/** True for an event that polling found: Google did not send it, so it does not retry it. */
export function isPolled({ strategy }: Pick<VerifiedDelivery, 'strategy'>): boolean {
  return strategy === 'reconciled';
}

/** Returns the warning that an event was refused because the inbox is full. */
export function fullWarning(delivery: VerifiedDelivery, load: string): string {
  const { event, id } = delivery;
  const refused = isPolled(delivery)
    ? 'was found by polling and is handled later'
    : 'was answered with 503, and Google retries';
  return `${event.type} ${id} ${refused}: ${load}. Check maxBytes, maxEntries, and whether a handler hangs.`;
}

/** Returns the warning that the handlers of an event are slow. */
export function slowWarning(delivery: VerifiedDelivery, ackTimeoutMs: number, running: readonly string[]): string {
  const { event, id } = delivery;
  const next = isPolled(delivery)
    ? 'Polling found the event: they keep running, and those that fail are retried.'
    : 'Answered with 503, and Google retries.';
  return (
    `The handlers of ${event.type} ${id} took longer than ackTimeoutMs (${ackTimeoutMs} ms)${listed(running)}. ${next} ` +
    'Use bullmqInbox for long work or for more than one replica.'
  );
}

/**
 * Returns the warning that a shutdown did not wait for handlers.
 *
 * @param events number of events whose handlers run
 * @param polled number of those that only polling has found
 */
export function undrainedInlineWarning(
  { events, polled }: { readonly events: number; readonly polled: number },
  drainTimeoutMs: number,
  running: readonly string[],
): string {
  const who = `Handlers of ${counted(events, 'event')} were still running after drainTimeoutMs (${drainTimeoutMs} ms)${listed(running)}.`;
  if (polled === 0) return `${who} Their signals are aborted, and Google retries.`;
  const lost =
    "nothing runs their handlers again, unless the job's webhook still arrives or the app waits for the job by Gemini's name.";
  if (polled === events) return `${who} Their signals are aborted. Polling found these events: ${lost}`;
  return `${who} Their signals are aborted, and Google retries, but not what polling found (${counted(polled, 'event')}): ${lost}`;
}

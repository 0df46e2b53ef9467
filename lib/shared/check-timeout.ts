import { GeminiWebhooksError } from '../errors.js';

/** Max delay of a timer in Node, which treats a longer one as 1 ms. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Checks a timeout in the options of a call.
 *
 * @param owner class and method
 * @throws GeminiWebhooksError `invalid_argument` for anything but a whole number of milliseconds from 1 to 24.8 days
 */
export function checkTimeout(owner: string, timeoutMs: unknown, option = 'timeoutMs'): void {
  if (Number.isInteger(timeoutMs) && Number(timeoutMs) >= 1 && Number(timeoutMs) <= MAX_TIMEOUT_MS) return;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `${owner}: ${option}: got ${String(timeoutMs)}. Give a whole number of milliseconds from 1 to ${MAX_TIMEOUT_MS}.`,
  );
}

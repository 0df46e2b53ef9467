import type { InboxReceipt } from './inbox-engine.js';

/** Not part of the receipt, which a custom route may send as its response. */
const failures = new WeakMap<InboxReceipt, readonly string[]>();

/** Notes the handlers that failed for good while the receipt's event was handled. */
export function noteFinalFailures(receipt: InboxReceipt, handlers: readonly string[]): InboxReceipt {
  failures.set(receipt, handlers);
  return receipt;
}

/** Returns the names of those handlers; `[]` if there are none, or if handlers run later. */
export function finalFailuresOf(receipt: InboxReceipt): readonly string[] {
  return failures.get(receipt) ?? [];
}

/**
 * Ends with who has started this process, if anybody has: a child whose parent was killed would go on alone, on the
 * parent's port.
 */
export function endWithParent(close: () => Promise<void>): void {
  if (process.send === undefined) return;
  process.once('disconnect', () => {
    void close().finally(() => process.exit());
  });
}

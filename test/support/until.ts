import { setTimeout as tick } from 'node:timers/promises';

/** Resolves when the condition holds; rejects after a timeout. For conditions without an event to wait for. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { withinMs = 30_000, everyMs = 10 } = {},
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${withinMs} ms: ${condition.toString()}`);
    await tick(everyMs);
  }
}

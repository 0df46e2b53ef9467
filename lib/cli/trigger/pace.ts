import { setTimeout } from 'node:timers/promises';

const MAX_CONCURRENT = 256;

/**
 * Runs `work` `count` times: one after the other without a rate, else with at most 256 running at once.
 *
 * @param rate starts per second
 */
export async function paced(
  count: number,
  rate: number | undefined,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const startedAt = performance.now();
  const running = new Set<Promise<void>>();
  for (let index = 0; index < count; index += 1) {
    if (rate === undefined) {
      await work(index);
      continue;
    }
    const waitMs = startedAt + (index * 1000) / rate - performance.now();
    if (waitMs > 0) await setTimeout(waitMs);
    if (running.size >= MAX_CONCURRENT) await Promise.race(running);
    const run = work(index).finally(() => running.delete(run));
    running.add(run);
  }
  await Promise.all(running);
}

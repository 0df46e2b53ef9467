import { setTimeout } from 'node:timers/promises';

const MOST_UNDERWAY = 256;

/**
 * Runs `work` so many times: one after the other, or at a rate, in which case up to 256 may be under way at once.
 *
 * @param rate a second
 */
export async function paced(
  count: number,
  rate: number | undefined,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const since = performance.now();
  const underway = new Set<Promise<void>>();
  for (let index = 0; index < count; index += 1) {
    if (rate === undefined) {
      await work(index);
      continue;
    }
    const waitMs = since + (index * 1000) / rate - performance.now();
    if (waitMs > 0) await setTimeout(waitMs);
    if (underway.size >= MOST_UNDERWAY) await Promise.race(underway);
    const one = work(index).finally(() => underway.delete(one));
    underway.add(one);
  }
  await Promise.all(underway);
}

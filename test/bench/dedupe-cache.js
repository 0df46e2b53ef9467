import { DedupeCache, DedupeEntry } from '../../build/inbox/dedupe-cache.js';
import { QUICK } from './harness.js';

const OFFERED = QUICK ? 200_000 : 1_000_000;
/** `inlineInbox`'s defaults. */
const BOUND = 100_000;
const RETENTION_MS = 172_800_000;
const IN_FLIGHT = 1000;

const rss = () => {
  globalThis.gc();
  return process.memoryUsage.rss() / 1024 / 1024;
};

const before = rss();
const cache = new DedupeCache({ maxEntries: BOUND, retentionMs: RETENTION_MS });
let largest = 0;
for (let offered = 0; offered < OFFERED; offered += IN_FLIGHT) {
  const running = [];
  for (let one = offered; one < offered + IN_FLIGHT; one += 1) {
    const entry = new DedupeEntry();
    const work = async () => {
      entry.nextAttempt();
      entry.settle('BatchHandlers.publish', 'succeeded');
      entry.finish();
    };
    running.push(cache.claim(`default/batch/${one}-8f14e45f-ceea-467f-a8a1/batch.succeeded`, entry, work).result);
  }
  largest = Math.max(largest, cache.size.total);
  await Promise.all(running);
  largest = Math.max(largest, cache.size.total);
}
const growth = rss() - before;

const count = (number) => number.toLocaleString('en');
process.send([
  {
    what: `dedupe cache, ${count(OFFERED)} ids offered`,
    beside: 'entries at most, of its bound',
    value: count(largest),
    target: `≤ ${count(BOUND)}`,
    met: largest <= BOUND,
  },
  {
    what: `dedupe cache, ${count(OFFERED)} ids offered`,
    beside: 'growth of the RSS',
    value: `${growth.toFixed(0)} MiB`,
    target: '',
  },
]);

import { EventEmitter, on } from 'node:events';
import { newDeliveries, ourInbox } from './inbox/contenders.js';
import { onEachStore } from './inbox/stores.js';
import { QUICK } from './harness.js';

const EVENTS = QUICK ? 20_000 : 1_000_000;
/** From here on, the memory is to be flat. */
const WARM_AFTER = QUICK ? 5_000 : 50_000;
const MAX_GROWTH_MIB = 24;
const ACCEPTED_AT_ONCE = 50;
/** So many events wait for a worker at most, as in an app that keeps up. */
const MAX_WAITING = 500;
const only = process.argv.find((argument) => argument.startsWith('--store='))?.slice('--store='.length);

const rss = () => {
  globalThis.gc();
  return process.memoryUsage.rss() / 2 ** 20;
};
const count = (number) => number.toLocaleString('en');

const rows = [];
await onEachStore(async (target) => {
  if (only && target.name.toLowerCase() !== only) return;
  const progress = new EventEmitter();
  let handled = 0;
  const engine = await ourInbox(target, {
    queueName: 'ours',
    onSettled() {
      handled += 1;
      progress.emit('handled', handled);
    },
  });
  const until = async (wanted) => {
    if (handled >= wanted) return;
    for await (const [soFar] of on(progress, 'handled')) if (soFar >= wanted) return;
  };
  const measured = {};
  for (let accepted = 0; accepted < EVENTS; accepted += ACCEPTED_AT_ONCE) {
    if (accepted === WARM_AFTER || accepted === EVENTS / 2) {
      await until(accepted);
      measured[count(accepted)] = rss();
    }
    await Promise.all(newDeliveries(ACCEPTED_AT_ONCE).map((delivery) => engine.accept(delivery)));
    await until(accepted - MAX_WAITING);
  }
  await until(EVENTS);
  measured[count(EVENTS)] = rss();
  await engine.close();
  const growth = measured[count(EVENTS)] - measured[count(WARM_AFTER)];
  rows.push({
    what: `inbox on ${target.name}, ${count(EVENTS)} events, growth of the RSS after ${count(WARM_AFTER)}`,
    beside: Object.entries(measured)
      .map(([passed, mebibytes]) => `${mebibytes.toFixed(0)} MiB after ${passed}`)
      .join(', '),
    value: `${growth.toFixed(0)} MiB`,
    target: `≤ ${MAX_GROWTH_MIB} MiB`,
    met: growth <= MAX_GROWTH_MIB,
  });
});
process.send(rows);

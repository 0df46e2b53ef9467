import { setTimeout as tick } from 'node:timers/promises';
import { bareWorker, counter, jobOf, newDeliveries, ourInbox } from './inbox/contenders.js';
import { onEachStore } from './inbox/stores.js';
import { QUICK } from './harness.js';

const ROUNDS = QUICK ? 100 : 1_000;
const WARM_UP = 50;
/** Long enough for a worker to be idle again. */
const PAUSE_MS = 4;

const rows = [];
await onEachStore(async (target) => {
  const store = await target.open();
  const queue = store.queue('bare');
  await queue.waitUntilReady();
  const started = { ours: counter(), bare: counter() };
  const settled = { ours: counter(), bare: counter() };
  const observed = (name) => ({
    queueName: name,
    onHandler: started[name].count,
    onSettled: settled[name].count,
  });
  const bare = await bareWorker(store, observed('bare'));
  const ours = await ourInbox(target, observed('ours'));
  const send = {
    async bare(delivery) {
      const { name, data, opts } = jobOf(delivery);
      await queue.add(name, data, opts);
    },
    ours: (delivery) => ours.accept(delivery),
  };

  const latencies = { ours: [], bare: [] };
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const name of round % 2 === 0 ? ['ours', 'bare'] : ['bare', 'ours']) {
      const [delivery] = newDeliveries(1);
      const handler = started[name].next(1);
      const done = settled[name].next(1);
      const start = process.hrtime.bigint();
      const sent = send[name](delivery);
      await handler;
      if (round >= 0) latencies[name].push(Number(process.hrtime.bigint() - start) / 1e6);
      await Promise.all([sent, done]);
      await tick(PAUSE_MS);
    }
  }
  for (const rank of [50, 99]) {
    const [mine, theirs] = [percentile(latencies.ours, rank), percentile(latencies.bare, rank)];
    rows.push({
      what: `event to handler on ${target.name}, p${rank}: ${mine.toFixed(1)} ms`,
      beside: `bare worker, ${theirs.toFixed(1)} ms`,
      value: (theirs / mine).toFixed(2),
      target: '',
    });
  }
  await ours.close();
  await bare.close();
  await queue.close();
  await store.close();
});
process.send(rows);

function percentile(values, rank) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((rank / 100) * sorted.length) - 1];
}

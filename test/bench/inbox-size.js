import { counter, newDeliveries, ourInbox } from './inbox/contenders.js';
import { onEachStore } from './inbox/stores.js';
import { QUICK } from './harness.js';

const IN_FLIGHT = 32;
const EVENTS = QUICK ? 500 : 3_000;
/** Fills what is bounded, such as the store's own log of a queue's last 10,000 changes: each event makes several. */
const BEFORE = { Redis: QUICK ? 500 : 5_000, PostgreSQL: 200 };

const rows = [];
await onEachStore(async (target) => {
  const settled = counter();
  const store = await target.open();
  const ours = await ourInbox(target, { queueName: 'ours', onSettled: settled.count });
  const handle = async (deliveries) => {
    const all = settled.next(deliveries.length);
    let next = 0;
    const caller = async () => {
      while (next < deliveries.length) await ours.accept(deliveries[next++]);
    };
    await Promise.all([all, ...Array.from({ length: IN_FLIGHT }, caller)]);
  };

  await handle(newDeliveries(BEFORE[target.name]));
  for (const bytes of [200, 4_096]) {
    const deliveries = newDeliveries(EVENTS, bytes);
    const [{ body }] = deliveries;
    const before = await target.usedBytes();
    await handle(deliveries);
    const each = ((await target.usedBytes()) - before) / EVENTS;
    rows.push({
      what: `a handled event in ${target.name}`,
      beside: `its body of ${body.length} B`,
      value: `${(each / 1024).toFixed(1)} KiB`,
      target: '',
    });
  }
  await ours.close();
  await store.close();
});
process.send(rows);

import { bareWorker, counter, jobOf, newDeliveries, ourInbox } from './inbox/contenders.js';
import { onEachStore } from './inbox/stores.js';
import { QUICK, race, ratioRow, speedRatio } from './harness.js';

const EVENTS = { Redis: 1_500, PostgreSQL: 400 };

/** A slice: so many events wait in a paused queue; from its resumption until the last one is checkpointed, in nanoseconds. */
function backlog(queue, events, settled) {
  return async () => {
    await queue.pause();
    await queue.addBulk(newDeliveries(events).map(jobOf));
    const all = settled.next(events);
    const start = process.hrtime.bigint();
    await queue.resume();
    await all;
    return Number(process.hrtime.bigint() - start);
  };
}

const rows = [];
await onEachStore(async (target) => {
  const store = await target.open();
  const queues = { ours: store.queue('ours'), bare: store.queue('bare') };
  const counters = { ours: counter(), bare: counter() };
  const bare = await bareWorker(store, { queueName: 'bare', onSettled: counters.bare.count });
  const ours = await ourInbox(target, { queueName: 'ours', onSettled: counters.ours.count });
  const events = EVENTS[target.name];
  const costs = await race(
    {
      bare: backlog(queues.bare, events, counters.bare),
      ours: backlog(queues.ours, events, counters.ours),
    },
    QUICK ? { rounds: 6, warmUp: 3 } : { rounds: 25, warmUp: 6 },
  );
  rows.push(
    ratioRow(
      `handle a backlog on ${target.name}`,
      'bare worker with a checkpoint',
      speedRatio(costs, 'ours', 'bare'),
      0.8,
    ),
  );
  await ours.close();
  await bare.close();
  await Promise.all(Object.values(queues).map((queue) => queue.close()));
  await store.close();
});
process.send(rows);

import { bareWorker, counter, jobOf, listener, newDeliveries, ourInbox } from './inbox/contenders.js';
import { onEachStore } from './inbox/stores.js';
import { QUICK, race, ratioRow, speedRatio } from './harness.js';

const EVENTS = { Redis: 1_500, PostgreSQL: 400 };
const TARGETS = { Redis: { alone: 0.92, listened: 0.85 }, PostgreSQL: { alone: 0.97, listened: 0.9 } };

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
  const names = ['ours', 'bare'];
  const queues = Object.fromEntries(names.map((name) => [name, store.queue(name)]));
  const counters = Object.fromEntries(names.map((name) => [name, counter()]));
  const bare = await bareWorker(store, { queueName: 'bare', onSettled: counters.bare.count });
  const ours = await ourInbox(target, { queueName: 'ours', onSettled: counters.ours.count });
  const events = EVENTS[target.name];
  const rounds = QUICK ? { rounds: 6, warmUp: 3 } : { rounds: 25, warmUp: 6 };
  const measure = async (what, wanted) => {
    const slices = names.map((name) => [name, backlog(queues[name], events, counters[name])]);
    const costs = await race(Object.fromEntries(slices), rounds);
    const ratio = speedRatio(costs, 'ours', 'bare');
    rows.push(ratioRow(`${what} on ${target.name}`, 'bare worker with a checkpoint', ratio, wanted));
  };
  await measure('handle a backlog', TARGETS[target.name].alone);
  const second = await listener(target, 'ours');
  await backlog(queues.ours, events, counters.ours)();
  await measure('handle a backlog, a second process listening,', TARGETS[target.name].listened);
  const expected = events * (rounds.rounds + rounds.warmUp);
  const received = await second.received();
  if (received < expected) throw new Error(`The second process received ${received} of ${expected} events.`);
  await second.close();
  await ours.close();
  await bare.close();
  await Promise.all(names.map((name) => queues[name].close()));
  await store.close();
});
process.send(rows);

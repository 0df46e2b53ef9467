import { bareInserts, jobOf, newDeliveries, ourInbox } from './inbox/contenders.js';
import { onEachStore } from './inbox/stores.js';
import { QUICK, race, ratioRow, speedRatio } from './harness.js';

const IN_FLIGHT = 32;
const CALLS = { Redis: 1_000, PostgreSQL: 192 };

/** A slice of calls of which so many are always under way, in nanoseconds. */
function inFlight(makeInputs, run) {
  return async () => {
    const inputs = makeInputs();
    let next = 0;
    const caller = async () => {
      while (next < inputs.length) await run(inputs[next++]);
    };
    const start = process.hrtime.bigint();
    await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
    return Number(process.hrtime.bigint() - start);
  };
}

const rows = [];
await onEachStore(async (target) => {
  const store = await target.open();
  const bare = store.queue('bare');
  await bare.waitUntilReady();
  const ours = await ourInbox(target, { queueName: 'ours', workers: false });
  const calls = CALLS[target.name];
  const statements = target.name === 'PostgreSQL' && (await bareInserts(target.url, target.prefix));
  const costs = await race(
    {
      ...(statements && {
        statements: inFlight(() => newDeliveries(calls).map(jobOf), statements.insert),
      }),
      bare: inFlight(
        () => newDeliveries(calls).map(jobOf),
        ({ name, data, opts }) => bare.add(name, data, opts),
      ),
      ours: inFlight(
        () => newDeliveries(calls),
        (delivery) => ours.accept(delivery),
      ),
    },
    QUICK ? { rounds: 8, warmUp: 4 } : { rounds: 40, warmUp: 10 },
  );
  rows.push(
    ratioRow(
      `accept on ${target.name}, ${IN_FLIGHT} in flight`,
      'bare queue.add',
      speedRatio(costs, 'ours', 'bare'),
      0.8,
    ),
  );
  if (statements) {
    const ratio = speedRatio(costs, 'ours', 'statements');
    rows.push(
      ratioRow(
        `accept on ${target.name}, ${IN_FLIGHT} in flight`,
        'bare pg INSERT … ON CONFLICT, one each',
        ratio,
        0.6,
      ),
    );
    await statements.close();
  }
  await ours.close();
  await bare.close();
  await store.close();
});
process.send(rows);

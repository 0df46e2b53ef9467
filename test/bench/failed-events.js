import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { ourInbox } from './inbox/contenders.js';
import { onEachStore } from './inbox/stores.js';
import { failWaiting, storeFailed } from './failed-events/failing.js';
import { replayOneByOne } from './failed-events/one-by-one.js';
import { QUICK, race, ratioRow, speedRatio } from './harness.js';

const REPLAYED = QUICK ? 1_000 : 10_000;
const LISTED = QUICK ? 5_000 : 100_000;
const ROUND_TRIP_MS = 200;
const TARGET = 10;

const elapsed = async (work) => {
  const start = process.hrtime.bigint();
  const result = await work();
  return { result, ms: Number(process.hrtime.bigint() - start) / 1e6 };
};
const rows = [];
const seconds = (ms) => `${(ms / 1_000).toFixed(2)} s`;
const row = (what, beside, value) => rows.push({ what, beside, value, target: '' });

await onEachStore(async (target) => {
  const store = await target.open();
  const queue = store.queue('ours');
  await storeFailed(target, queue, 'ours', REPLAYED);
  const ours = await ourInbox(target, { queueName: 'ours', workers: false });
  const times = { ours: [], 'one by one': [] };
  const contender = (name, replay) => async () => {
    const { result, ms } = await elapsed(replay);
    if (result !== REPLAYED) throw new Error(`${name} replayed ${result} of ${REPLAYED}.`);
    times[name].push(ms);
    await failWaiting(target, 'ours');
    return ms;
  };
  const costs = await race(
    {
      ours: contender('ours', () => ours.failedEvents.replayAll()),
      'one by one': contender('one by one', () => replayOneByOne(queue)),
    },
    { rounds: QUICK ? 1 : 2, warmUp: 0 },
  );
  const beside = `one by one: ${seconds(Math.min(...times['one by one']))}; ours: ${seconds(Math.min(...times.ours))}`;
  rows.push(
    ratioRow(`replayAll of ${REPLAYED} on ${target.name}`, beside, speedRatio(costs, 'ours', 'one by one'), TARGET),
  );
  await ours.close();
  await queue.close();
  await store.close();
});

await onEachStore(async (target) => {
  const store = await target.open();
  const queue = store.queue('ours');
  await storeFailed(target, queue, 'ours', LISTED);
  const far = await farAway(target.url, ROUND_TRIP_MS);
  for (const [where, url] of [
    ['at hand', target.url],
    [`at ${ROUND_TRIP_MS} ms`, far.url],
  ]) {
    const ours = await ourInbox({ ...target, url }, { queueName: 'ours', workers: false });
    const { failedEvents } = ours;
    const of = `of ${LISTED} on ${target.name}`;
    row('list: the first 100', of, `${seconds((await elapsed(() => failedEvents.list())).ms)} ${where}`);
    const last = await elapsed(() => failedEvents.list({ offset: LISTED - 100 }));
    row('list: the last 100', of, `${seconds(last.ms)} ${where}`);
    const none = await elapsed(() => failedEvents.list({ type: 'batch.failed' }));
    row('list: a type that none has', of, `${seconds(none.ms)} ${where}`);
    if (where !== 'at hand') {
      globalThis.gc();
      const before = process.memoryUsage();
      let most = 0;
      const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().heapUsed)), 20);
      const all = await elapsed(() => failedEvents.replayAll());
      clearInterval(watch);
      row(
        `replayAll ${of}`,
        `heap at most +${((most - before.heapUsed) / 2 ** 20).toFixed(0)} MB`,
        `${seconds(all.ms)} ${where}`,
      );
    }
    await ours.close();
  }
  far.close();
  await queue.close();
  await store.close();
});
process.send(rows);

/** The store by a long way: what is sent arrives half a round trip later. */
async function farAway(store, roundTripMs) {
  const { hostname, port, protocol } = new URL(store);
  const sockets = new Set();
  const server = createServer((client) => {
    const there = createConnection(Number(port || (protocol === 'redis:' ? 6379 : 5432)), hostname);
    for (const [from, to] of [
      [client, there],
      [there, client],
    ]) {
      sockets.add(from);
      from.on('data', (chunk) => setTimeout(() => to.write(chunk), roundTripMs / 2));
      from.on('error', () => undefined).on('close', () => to.destroy());
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(store);
  url.hostname = '127.0.0.1';
  url.port = String(server.address().port);
  return {
    url: url.href,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as tick } from 'node:timers/promises';
import { ownDatabase, ownRedis } from './idle/servers.js';
import { QUICK } from './harness.js';

const POSTGRES =
  process.env.TEST_POSTGRES_URL ?? process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
/** Until connections that only the start needed are closed. */
const SETTLE_MS = 25_000;
/** A whole number of the longest interval between two periodic requests. */
const COUNT_MS = QUICK ? 30_000 : 120_000;
const LOAD_MS = QUICK ? 3_000 : 10_000;
const DETAILS = process.argv.includes('--details');

/** What runs in a process: everything, only what a web process needs, and bare BullMQ. */
const KINDS = ['full', 'web', 'bare'];
const rows = [];
const only = (name) =>
  (!process.argv.includes('--redis') && !process.argv.includes('--postgres')) || process.argv.includes(name);

if (only('--redis')) {
  const redis = await each((kind) => idleOnRedis(kind));
  if (redis.full) {
    const sent = (kind) => Object.values(redis[kind].sent).reduce((sum, calls) => sum + calls, 0);
    atMost(
      'commands a second on Redis, as the server counts them, idle',
      redis,
      (kind) => perSecond(redis[kind].counted),
      5,
    );
    atMost('the same, as sent', redis, (kind) => perSecond(sent(kind)), 1.5);
    if (DETAILS) process.stderr.write(`${JSON.stringify(redis, null, 1)}\n`);
  }
}
if (only('--postgres')) {
  const postgres = await each((kind) => idleOnPostgres(kind));
  atMost('transactions a second on PostgreSQL, idle', postgres, (kind) => perSecond(postgres[kind].transactions), 2);
  for (const [kind, what, idle, loaded] of [
    ['full', 'a process with workers and jobs', 4, 10],
    ['web', 'a process that only receives events', 3, 5],
  ]) {
    countRow(`connections to PostgreSQL, idle: ${what}`, postgres.bare.idle, postgres[kind].idle, idle);
    countRow(`connections to PostgreSQL, under load: ${what}`, undefined, postgres[kind].loaded, loaded);
  }
}
process.send(rows, () => process.exit());

/** All kinds at the same time, each on a server of its own. */
async function each(measure) {
  return Object.fromEntries(await Promise.all(KINDS.map(async (kind) => [kind, await measure(kind)])));
}

async function idleOnRedis(kind) {
  const server = await ownRedis();
  if (!server) return undefined;
  const child = await start(kind, server.url);
  await tick(SETTLE_MS);
  const counts = await server.count(COUNT_MS);
  await end(child);
  await server.close();
  return counts;
}

async function idleOnPostgres(kind) {
  const database = await ownDatabase(POSTGRES, `bench_idle_${kind}_${process.pid}`);
  const child = await start(kind, database.url);
  await tick(SETTLE_MS);
  const counting = database.count(COUNT_MS);
  const idle = await most(database, counting, 1_000);
  const transactions = await counting;
  let loaded = 0;
  if (kind !== 'bare') {
    child.send(LOAD_MS);
    loaded = await most(database, once(child, 'message'), 20);
  }
  await end(child);
  await database.close();
  return { transactions, idle, loaded };
}

/** The largest number of connections until the work has ended. */
async function most(database, work, everyMs) {
  const done = work.then(() => true);
  for (let largest = 0; ;) {
    largest = Math.max(largest, await database.connections());
    if (await Promise.race([done, tick(everyMs, false)])) return largest;
  }
}

async function start(kind, url) {
  const child = fork(new URL('idle/process.js', import.meta.url), [kind, url], { execArgv: [] });
  child.once('exit', (code) => {
    throw new Error(`the ${kind} process ended with exit code ${code}`);
  });
  await once(child, 'message');
  return child;
}

async function end(child) {
  child.removeAllListeners('exit');
  child.disconnect();
  await once(child, 'exit');
}

function perSecond(count) {
  return count / (COUNT_MS / 1000);
}

function atMost(what, measured, read, target) {
  const beside = `bare BullMQ: ${read('bare').toFixed(1)}`;
  const value = read('full');
  rows.push({ what, beside, value: value.toFixed(1), target: `≤ ${target.toFixed(1)}`, met: value <= target });
  rows.push({ what: `${what}: only receives`, beside, value: read('web').toFixed(1), target: '' });
}

function countRow(what, bare, value, target) {
  const beside = bare === undefined ? '' : `bare BullMQ: ${bare}`;
  rows.push({ what, beside, value: String(value), target: `≤ ${target}`, met: value <= target });
}

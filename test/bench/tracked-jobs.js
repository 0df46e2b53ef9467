import { setMaxListeners } from 'node:events';
import { setTimeout as tick } from 'node:timers/promises';
import { bullmqInbox } from '../../build/bullmq/index.js';
import { trackedJobId } from '../../build/bullmq/tracked-jobs/tracked-job.js';
import { parseEvent } from '../../build/events/parse-event.js';
import { verifiedDelivery } from '../../build/events/verified-delivery.js';
import { EventDispatcher } from '../../build/handlers/event-dispatcher.js';
import { HandlerRegistry } from '../../build/handlers/handler-registry.js';
import { idOfName } from '../../build/inbox/job-tracker.js';
import { outcomeOfEvent } from '../../build/jobs/job-outcome.js';
import { waitForOutcome } from '../../build/jobs/job-completion.js';
import { onEachStore } from './inbox/stores.js';
import { QUICK, ratioRow } from './harness.js';

const JOBS = QUICK ? 2_000 : 100_000;
const SETTLED = QUICK ? 200 : 1_000;
const BULK = 1_000;
const IN_FLIGHT = 32;
const QUEUE = 'ours';

const closing = new AbortController().signal;
setMaxListeners(0, closing);
const rows = [];
const settled = [];
await onEachStore(async (target) => {
  const store = await target.open();
  const engine = await trackingInbox(target);
  const sample = newJob();
  await engine.jobs.add(sample);
  await engine.jobs.rename(sample.id, nameOf(0));

  const queue = store.queue(`${QUEUE}-jobs`);
  await queue.waitUntilReady();
  const like = await storedAs(queue, sample);
  const jobs = Array.from({ length: JOBS }, () => newJob());
  const bytesBefore = await target.usedBytes();
  const memoryBefore = usedMemory();
  for (let start = 0; start < JOBS; start += BULK) {
    const entries = jobs.slice(start, start + BULK).flatMap((job, index) => like(job, nameOf(start + index + 1)));
    await queue.addBulk(entries);
  }
  const bytes = ((await target.usedBytes()) - bytesBefore) / JOBS;
  await tick(500);
  const memory = (usedMemory() - memoryBefore) / JOBS;

  await target.analyze();
  const chosen = jobs.filter((_job, index) => index % (JOBS / SETTLED) === 0);
  const startedAt = process.hrtime.bigint();
  const ended = Promise.all(chosen.map(({ id }) => waitForOutcome(engine.jobs, id, {}, closing)));
  const left = chosen.values();
  const send = async () => {
    for (const job of left) await engine.accept(deliveryOf(job));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, send));
  await ended;
  const settleMs = Number(process.hrtime.bigint() - startedAt) / 1e6;
  settled.push(settleMs);

  const row = (what, beside, value) => rows.push({ what: `${what} on ${target.name}`, beside, value, target: '' });
  row('a tracked job in the store', `${JOBS} of them, with their names`, `${(bytes / 1024).toFixed(1)} KiB`);
  row('a tracked job in a process', 'that does not wait for it', `${memory.toFixed(0)} B`);
  row(`${SETTLED} events and their jobs' ends`, `of ${JOBS} jobs, all awaited`, `${(settleMs / 1000).toFixed(2)} s`);
  await engine.close();
  await queue.close();
  await store.close();
});
if (settled.length === 2) {
  const [redisMs, postgresMs] = settled;
  const what = `${SETTLED} events and their jobs' ends on PostgreSQL`;
  rows.push(ratioRow(what, `on Redis, of ${JOBS} jobs`, redisMs / postgresMs, 0.5));
}
process.send(rows);

/** The engine as an app has it: one handler that tells the tracked jobs. Gemini is never asked. */
async function trackingInbox({ url, prefix }) {
  const registry = new HandlerRegistry();
  const dispatcher = new EventDispatcher(registry);
  const check = async (_job, event) => ({ is: 'settled', settlement: outcomeOfEvent(event) });
  const engine = bullmqInbox({ url, prefix, queueName: QUEUE })({
    registration: 'default',
    toleranceSeconds: 300,
    handlers: () => dispatcher.handlers,
    dispatch: (delivery, run) => dispatcher.dispatch(delivery, run),
    announce: () => undefined,
    jobs: { check, reconcile: { afterMs: 3_600_000, maxIntervalMs: 3_600_000, untilMs: 72 * 3_600_000 } },
  });
  const invoke = (event) => engine.jobs.notice(event);
  registry.add([{ name: 'GeminiJobs', patterns: ['*'], timeoutMs: undefined, isInternal: true, invoke }]);
  await engine.start();
  const isReady = () =>
    engine.failedEvents.list().then(
      () => true,
      () => false,
    );
  while (!(await isReady())) await tick(10);
  return engine;
}

function newJob() {
  const id = `job.batch.${crypto.randomUUID()}`;
  return { id, kind: 'batch', params: {}, bound: true, displayName: id, createdAt: Date.now() };
}

function nameOf(index) {
  return `batches/${String(index).padStart(24, 'x')}`;
}

/** What BullMQ is given for a job and its name: as the tracker stored the sample. */
async function storedAs(queue, sample) {
  const idOf = ({ kind, params }, name) => trackedJobId(idOfName({ kind, name, params }));
  const record = await queue.getJob(trackedJobId(sample.id));
  const alias = await queue.getJob(idOf(sample, nameOf(0)));
  const entry = ({ name, opts }, jobId, data) => ({ name, data, opts: { ...opts, jobId } });
  return (job, name) => [
    entry(record, trackedJobId(job.id), { ...record.data, id: job.id, record: JSON.stringify({ ...job, name }) }),
    entry(alias, idOf(job, name), { ...alias.data, alias: job.id }),
  ];
}

function deliveryOf({ id, kind }) {
  const body = Buffer.from(JSON.stringify({ type: 'batch.succeeded', version: 'v1', data: { id: 'batches/named' } }));
  return verifiedDelivery({
    id: `msg_${crypto.randomUUID()}`,
    registration: 'default',
    attemptedAt: new Date(),
    strategy: 'jwks',
    params: {},
    raw: parseEvent(body),
    body,
    job: { kind, id },
  });
}

function usedMemory() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

import { Logger } from '@nestjs/common';
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as tick } from 'node:timers/promises';
import { Pool } from 'pg';
import { bullmqInbox } from '../../../build/bullmq/index.js';
import { parseEvent } from '../../../build/events/parse-event.js';
import { verifiedDelivery } from '../../../build/events/verified-delivery.js';
import { EventDispatcher } from '../../../build/handlers/event-dispatcher.js';
import { HandlerRegistry } from '../../../build/handlers/handler-registry.js';
import { deliveryJobId, deliveryJobName, toDeliveryJobData } from '../../../build/bullmq/store/delivery-job.js';
import { eventBody } from '../deliveries.js';
import { CONCURRENCY } from './stores.js';

/** What `bullmqInbox` gives each job by default. */
const JOB_OPTIONS = {
  attempts: 12,
  backoff: { type: 'exponential', delay: 42_000, jitter: 0.2 },
  removeOnComplete: { age: 172_800 },
  removeOnFail: { age: 1_209_600 },
};
const WORKER_OPTIONS = {
  concurrency: CONCURRENCY,
  lockDuration: 30_000,
  stalledInterval: 5_000,
  maxStalledCount: 1e9,
  runRetryDelay: 1_000,
};

// The servers of a machine to try things on may well be set up to lose events.
Logger.overrideLogger(['error']);

/** Distinct deliveries of events of about `bytes` bytes. */
export function newDeliveries(count, bytes = 200) {
  return Array.from({ length: count }, () => {
    const body = eventBody(bytes);
    const id = `msg_${randomUUID()}`;
    const attemptedAt = new Date();
    const facts = { id, registration: 'default', attemptedAt, strategy: 'hmac', params: {}, body };
    return verifiedDelivery({ ...facts, raw: parseEvent(body) });
  });
}

/** Name, data and options of the job that the delivery becomes. */
export function jobOf(delivery) {
  return {
    name: deliveryJobName(delivery),
    data: toDeliveryJobData(delivery),
    opts: { ...JOB_OPTIONS, jobId: deliveryJobId(delivery.key) },
  };
}

/** The engine as an app has it, with one handler that does nothing; ready to work. */
export async function ourInbox(
  { url, prefix },
  { queueName, workers = true, onHandler = () => undefined, onSettled = () => undefined, announce = () => undefined },
) {
  const registry = new HandlerRegistry();
  const invoke = async () => onHandler();
  registry.add([{ name: 'BatchHandlers.publish', patterns: ['batch.succeeded'], timeoutMs: undefined, invoke }]);
  const dispatcher = new EventDispatcher(registry);
  const engine = bullmqInbox({ url, prefix, queueName, workers, concurrency: CONCURRENCY })({
    registration: 'default',
    toleranceSeconds: 300,
    handlers: () => dispatcher.handlers,
    async dispatch(delivery, run) {
      const outcome = await dispatcher.dispatch(delivery, run);
      onSettled();
      return outcome;
    },
    announce,
  });
  await engine.start();
  while (
    !(await engine.failedEvents.list().then(
      () => true,
      () => false,
    ))
  )
    await tick(10);
  return engine;
}

/** The least that a durable worker with a checkpoint can be. */
export async function bareWorker(store, { queueName, onHandler = () => undefined, onSettled = () => undefined }) {
  const processor = async (job) => {
    onHandler();
    await job.updateProgress({ handlers: { 'BatchHandlers.publish': 'succeeded' }, announced: true });
    onSettled();
  };
  const worker = store.worker(queueName, processor, WORKER_OPTIONS);
  worker.on('error', () => undefined);
  await worker.waitUntilReady();
  return worker;
}

/** The least that stores a delivery on PostgreSQL: one statement each, on as many connections as our queue has. */
export async function bareInserts(url, schema) {
  const pool = new Pool({ connectionString: url, max: 8 });
  const table = `${schema}.bare_inbox`;
  await pool.query(
    `CREATE TABLE ${table} (id text PRIMARY KEY, data jsonb NOT NULL, added_at timestamptz DEFAULT now())`,
  );
  const text = `INSERT INTO ${table} (id, data) VALUES ($1, $2) ON CONFLICT DO NOTHING`;
  return {
    insert: ({ data, opts }) => pool.query(text, [opts.jobId, data]),
    close: () => pool.end(),
  };
}

/** A second process that receives every event: `received()` resolves to how many so far, `close()` once it has ended. */
export async function listener(target, queueName) {
  const child = fork(new URL('listener.js', import.meta.url), [
    JSON.stringify({ url: target.url, prefix: target.prefix, queueName }),
  ]);
  await once(child, 'message');
  return {
    async received() {
      child.send('received?');
      const [count] = await once(child, 'message');
      return count;
    },
    async close() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

/** Calls that resolve once they have been counted so often. */
export function counter() {
  let wanted = Infinity;
  let seen = 0;
  let reached;
  return {
    count() {
      seen += 1;
      if (seen === wanted) reached();
    },
    next(calls) {
      seen = 0;
      wanted = calls;
      return new Promise((resolve) => (reached = resolve));
    },
  };
}

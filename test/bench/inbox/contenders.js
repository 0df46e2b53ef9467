import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as tick } from 'node:timers/promises';
import { bullmqInbox } from '../../../build/bullmq/index.js';
import { parseEvent } from '../../../build/events/parse-event.js';
import { verifiedDelivery } from '../../../build/events/verified-delivery.js';
import { EventDispatcher } from '../../../build/handlers/event-dispatcher.js';
import { HandlerRegistry } from '../../../build/handlers/handler-registry.js';
import { jobIdOf, jobNameOf, toJobData } from '../../../build/bullmq/delivery-job.js';
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
    name: jobNameOf(delivery),
    data: toJobData(delivery),
    opts: { ...JOB_OPTIONS, jobId: jobIdOf(delivery.key) },
  };
}

/** The engine as an app has it, with one handler that does nothing; ready to work. */
export async function ourInbox(
  { url, prefix },
  { queueName, workers = true, onHandler = () => undefined, onSettled = () => undefined },
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
    announce: () => undefined,
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

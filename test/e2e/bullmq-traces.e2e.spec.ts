import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SpanKind, trace } from '@opentelemetry/api';
import { toDeliveryJobData } from '../../lib/bullmq/store/delivery-job.js';
import { closeApps } from '../support/apps.js';
import {
  closeWorkers,
  deliverUntilTaken,
  handlerOf,
  removeTestQueues,
  startDurableApp,
  startWorker,
  testQueue,
} from '../support/durable.js';
import { deferred } from '../support/deferred.js';
import { deliveryOf } from '../support/deliveries.js';
import { STORES } from '../support/stores.js';
import { ExportedTelemetry, parentsOf } from '../support/telemetry.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

const exported = new ExportedTelemetry();

beforeEach(() => exported.reset());
afterEach(async () => {
  await closeApps();
  await closeWorkers();
  await removeTestQueues();
});
afterAll(() => exported.shutdown());

describe.each(STORES)('the trace of an event on $name', ({ url }) => {
  it('leads from the app that received it to the worker that handles it, attempt by attempt', async () => {
    const queue = testQueue(url);
    await startWorker(queue, [
      handlerOf('save', (_event, { attempt }) => {
        if (attempt === 1) throw new Error('not yet');
      }),
    ]);
    const { origin } = await startDurableApp(queue, [], { workers: false });

    await deliverUntilTaken(origin);

    const handled = () => exported.spans.filter(({ name }) => name === 'handle save');
    await until(() => handled().length === 2);
    expect(parentsOf(exported.spans)).toEqual({
      receive: undefined,
      verify: 'receive',
      accept: 'receive',
      'handle save': 'accept',
    });
    expect(handled()).toMatchObject([
      { kind: SpanKind.CONSUMER, attributes: { 'gemini.webhooks.attempt': 1, 'error.type': 'Error' } },
      { kind: SpanKind.CONSUMER, attributes: { 'gemini.webhooks.attempt': 2 } },
    ]);
    expect(new Set(exported.spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it('is stored as a position only', async () => {
    const queue = testQueue(url);
    const { origin } = await startDurableApp(queue, [], { workers: false });

    await deliverUntilTaken(origin);

    const [job] = await queue.queue.getJobs(['waiting', 'prioritized', 'delayed']);
    const { traceId, spanId } = (await exported.span('accept')).spanContext();
    expect(job!.data).toMatchObject({ trace: { traceparent: `00-${traceId}-${spanId}-01` } });
    expect(Object.keys((job!.data as { trace: object }).trace)).toEqual(['traceparent']);
  });

  it('starts in the worker for an event that version 0.2.0 stored', async () => {
    const handled = deferred<unknown>();
    const queue = testQueue(url);
    // The worker must not continue the trace in which the app was started.
    await trace.getTracer('test').startActiveSpan('start', async (span) => {
      await startWorker(queue, [handlerOf('save', () => handled.resolve(undefined))]);
      span.end();
    });

    await queue.queue.add('batch.succeeded', toDeliveryJobData(deliveryOf()));

    await handled.promise;
    expect((await exported.span('handle save')).parentSpanContext).toBeUndefined();
  });
});

import { context, metrics, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';

/** Drops everything. */
const exporter = {
  export: (_data, done) => done({ code: 0 }),
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};

/** The SDK as in production, for the whole process. */
export function registerOpenTelemetry(share) {
  const { tracers, meters } = sdk(share);
  trace.setGlobalTracerProvider(tracers);
  metrics.setGlobalMeterProvider(meters);
}

/**
 * A function that makes by the SDK alone what the module makes for a delivery: four spans, each but one active while its work
 * runs, and three measurements, with the same attributes. The module does not find this SDK.
 */
export function bareOpenTelemetry() {
  const { tracers, meters } = sdk(1);
  const tracer = tracers.getTracer('bare');
  const meter = meters.getMeter('bare');
  const advice = {
    explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  };
  const deliveries = meter.createCounter('deliveries');
  const processing = meter.createHistogram('processing', { unit: 's', advice });
  const attempts = meter.createHistogram('attempts', { unit: 's', advice });
  const registration = { 'gemini.webhooks.registration': 'default' };
  const type = { 'gemini.webhooks.event_type': 'batch.succeeded' };
  const answer = { 'http.response.status_code': 200, 'gemini.webhooks.receipt': 'processed' };
  const handler = { 'gemini.webhooks.handler': 'NoOpHandlers.handle' };
  const start = (name, attributes, parent) => {
    const span = tracer.startSpan(name, { attributes, kind: SpanKind.INTERNAL }, parent);
    return { span, position: trace.setSpan(parent, span) };
  };
  return async (work) => {
    const receive = start('receive', registration, context.active());
    start('verify', {}, receive.position).span.end();
    const accept = start('accept', { ...registration, ...type }, receive.position);
    await context.with(accept.position, async () => {
      const attempt = { ...registration, ...handler, ...type, 'gemini.webhooks.attempt': 1 };
      const handle = start('handle', attempt, context.active());
      await context.with(handle.position, async () => work());
      handle.span.end();
    });
    attempts.record(0.001, { ...registration, ...handler, ...type, 'gemini.webhooks.outcome': 'succeeded' });
    accept.span.end();
    deliveries.add(1, { ...registration, ...answer });
    processing.record(0.001, {
      'messaging.system': 'gemini',
      'messaging.operation.name': 'receive',
      'messaging.destination.name': 'default',
    });
    receive.span.setAttributes({ ...registration, ...answer, 'gemini.webhooks.strategy': 'hmac', ...type });
    receive.span.end();
  };
}

function sdk(share) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) });
  return {
    tracers: new BasicTracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor(exporter)] }),
    meters: new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] }),
  };
}

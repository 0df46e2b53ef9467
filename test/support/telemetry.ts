import { context, metrics, propagation, trace, type Attributes } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type DataPoint,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import type { RunningApp } from './apps.js';
import { until } from './until.js';

/** What an app with the SDK of OpenTelemetry has exported. */
export class ExportedTelemetry {
  readonly #spans = new InMemorySpanExporter();
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  readonly #reader = new PeriodicExportingMetricReader({ exporter: this.#metrics, exportIntervalMillis: 3_600_000 });
  readonly #meterProvider = new MeterProvider({ readers: [this.#reader] });

  /** Registers the SDK, as an app does in its first line. */
  constructor() {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    );
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#spans)] }));
    metrics.setGlobalMeterProvider(this.#meterProvider);
  }

  get spans(): readonly ReadableSpan[] {
    return this.#spans.getFinishedSpans();
  }

  /** Returns the only span with that name, once it has ended. */
  async span(name: string): Promise<ReadableSpan> {
    const named = () => this.spans.filter((span) => span.name === name);
    await until(() => named().length > 0);
    const [only, ...others] = named();
    if (!only || others.length > 0) throw new Error(`${others.length + 1} spans are named ${name}`);
    return only;
  }

  /** Collects the metrics since the last call. @returns the data points by the metric's name */
  async points(): Promise<Readonly<Record<string, readonly { attributes: Attributes; value: unknown }[]>>> {
    await this.#reader.forceFlush();
    const collected = this.#metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    this.#metrics.reset();
    return Object.fromEntries(
      collected
        .filter(({ scope }) => scope.name === 'nestjs-gemini-webhooks')
        .flatMap((scoped) => scoped.metrics)
        .map(({ descriptor, dataPoints }) => [
          descriptor.name,
          (dataPoints as DataPoint<unknown>[]).map(({ attributes, value }) => ({ attributes, value })),
        ]),
    );
  }

  /** Forgets what was exported so far. For `beforeEach`. */
  async reset(): Promise<void> {
    await this.points();
    this.#spans.reset();
  }

  async shutdown(): Promise<void> {
    await this.#meterProvider.shutdown();
    for (const api of [trace, context, propagation, metrics]) api.disable();
  }
}

/** The name of each span's parent, by the span's name; `undefined` for a root. */
export function parentsOf(spans: readonly ReadableSpan[]): Readonly<Record<string, string | undefined>> {
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return Object.fromEntries(
    spans.map(({ name, parentSpanContext }) => [
      name,
      parentSpanContext && (names.get(parentSpanContext.spanId) ?? parentSpanContext.spanId),
    ]),
  );
}

/** Handles each request in a span, as the instrumentation of Node's `http` does. */
export function traceRequests({ app }: RunningApp, name: string): void {
  const server = app.getHttpServer() as { emit(event: string, ...args: unknown[]): boolean };
  const emit = server.emit.bind(server);
  server.emit = (event, ...args) => {
    if (event !== 'request') return emit(event, ...args);
    return trace.getTracer('http').startActiveSpan(name, (span) => {
      // It binds both, because Node emits their events outside of the request's context.
      for (const emitter of args) context.bind(context.active(), emitter);
      (args[1] as NodeJS.EventEmitter).once('close', () => span.end());
      return emit(event, ...args);
    });
  };
}

import type { Context, Meter, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { IncomingHttpHeaders } from 'node:http';
import { ATTRIBUTES, errorType, exceptionType } from './attributes.js';
import type { CounterName, GaugeName, HistogramName } from './instruments.js';
import { ApiInstruments } from './api-instruments.js';
import { isOpenTelemetryRegistered, loadOpenTelemetryApi, type OpenTelemetryApi } from './optional-api.js';
import {
  Telemetry,
  type SpanEnd,
  type SpanOptions,
  type TelemetryAttributes,
  type TelemetrySpan,
  type TraceCarrier,
} from './telemetry.js';
import { boundedCarrier } from './trace-carrier.js';

/** Instrumentation scope of our spans and metrics. */
const SCOPE = 'nestjs-gemini-webhooks';

/**
 * Telemetry by `@opentelemetry/api`, for whichever SDK the app has registered. Loads the API only then: in an app without an
 * SDK it would do nothing.
 */
export class OpenTelemetry extends Telemetry {
  #loadedApi: OpenTelemetryApi | undefined;
  #loading: Promise<void> | undefined;
  #tracer: Tracer | undefined;
  #instruments: ApiInstruments | undefined;

  constructor(api?: OpenTelemetryApi) {
    super();
    this.#loadedApi = api;
  }

  async prepare(): Promise<void> {
    if (!this.#loadedApi && isOpenTelemetryRegistered()) await (this.#loading ??= this.#load());
  }

  async #load(): Promise<void> {
    this.#loadedApi = await loadOpenTelemetryApi();
  }

  get #api(): OpenTelemetryApi | undefined {
    if (!this.#loadedApi) void this.prepare();
    return this.#loadedApi;
  }

  get isTracing(): boolean {
    return (this.#tracer ??= this.#registeredTracer()) !== undefined;
  }

  start(name: string, { attributes = {}, parent, headers }: SpanOptions): TelemetrySpan | undefined {
    const api = this.#api;
    const tracer = (this.#tracer ??= this.#registeredTracer());
    if (!api || !tracer) return undefined;
    const { trace, SpanKind } = api;
    const context = parent instanceof ApiSpan ? parent.context : contextOf(api, headers);
    // The first span of a worker continues the trace of another process.
    const kind = !headers && trace.getSpanContext(context)?.isRemote === true ? SpanKind.CONSUMER : SpanKind.INTERNAL;
    const span = tracer.startSpan(name, { attributes, kind }, context);
    return new ApiSpan(api, span, context);
  }

  carrier(): TraceCarrier | undefined {
    const api = this.#api;
    if (!api) return undefined;
    const { trace, context, propagation, ROOT_CONTEXT, isSpanContextValid } = api;
    const position = trace.getSpanContext(context.active());
    if (!position || !isSpanContextValid(position)) return undefined;
    const carrier = {};
    // Only the position: the active baggage may come from the sender, and may contain anything.
    propagation.inject(trace.setSpanContext(ROOT_CONTEXT, position), carrier);
    return boundedCarrier(carrier);
  }

  resume<Result>(carrier: TraceCarrier | undefined, work: () => Result): Result {
    const api = this.#api;
    if (!api) return work();
    const { trace, context } = api;
    const active = context.active();
    const span = trace.getSpan(active);
    if (span?.isRecording()) return work();
    const position = extracted(api, boundedCarrier(carrier));
    if (position) return context.with(trace.setSpanContext(active, position), work);
    // A worker runs in the context in which it was created: that span has ended, and is not the event's.
    return span ? context.with(trace.deleteSpan(active), work) : work();
  }

  get isMetering(): boolean {
    return this.#registered() !== undefined;
  }

  count(metric: CounterName, attributes: TelemetryAttributes): void {
    this.#registered()?.count(metric, attributes);
  }

  measure(metric: HistogramName, seconds: number, attributes: TelemetryAttributes): void {
    this.#registered()?.measure(metric, seconds, attributes);
  }

  observe(
    metrics: readonly GaugeName[],
    read: () => Promise<Partial<Record<GaugeName, number>>>,
    attributes: TelemetryAttributes,
  ): () => void {
    return this.#registered()?.observe(metrics, read, attributes) ?? (() => undefined);
  }

  /** Returns no tracer while the app has no SDK: the API's own would create a span for every call. */
  #registeredTracer(): Tracer | undefined {
    const api = this.#api;
    if (!api) return undefined;
    const { trace, ProxyTracerProvider } = api;
    const provider = trace.getTracerProvider();
    if (provider instanceof ProxyTracerProvider && !provider.getDelegateTracer(SCOPE)) return undefined;
    return provider.getTracer(SCOPE);
  }

  #registered(): ApiInstruments | undefined {
    if (this.#instruments) return this.#instruments;
    const api = this.#api;
    if (!api) return undefined;
    const { metrics, createNoopMeter } = api;
    const meter: Meter = metrics.getMeter(SCOPE);
    if (meter.constructor === createNoopMeter().constructor) return undefined;
    return (this.#instruments = new ApiInstruments(meter));
  }
}

/** Returns the active context; with the sender's position in a trace if no span is active. */
function contextOf(api: OpenTelemetryApi, headers: IncomingHttpHeaders | undefined): Context {
  const { trace, context } = api;
  const active = context.active();
  if (!headers || trace.getSpan(active)) return active;
  const position = extracted(api, headers);
  return position ? trace.setSpanContext(active, position) : active;
}

/** Reads nothing but the position: baggage of an unknown sender is not passed on. */
function extracted(
  { trace, propagation, ROOT_CONTEXT }: OpenTelemetryApi,
  carrier: object | undefined,
): SpanContext | undefined {
  return carrier && trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier));
}

class ApiSpan implements TelemetrySpan {
  readonly #api: OpenTelemetryApi;
  readonly #span: Span;
  readonly #parent: Context;
  readonly isRecording: boolean;
  #context: Context | undefined;
  #hasEnded = false;

  constructor(api: OpenTelemetryApi, span: Span, parent: Context) {
    this.#api = api;
    this.#span = span;
    this.#parent = parent;
    this.isRecording = span.isRecording();
  }

  /** The context in which this span is the active one. */
  get context(): Context {
    return (this.#context ??= this.#api.trace.setSpan(this.#parent, this.#span));
  }

  run<Result>(work: () => Result): Result {
    return this.#api.context.with(this.context, work);
  }

  end(how: SpanEnd = {}): void {
    // A custom route may accept a delivery twice.
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (how.attributes) this.#span.setAttributes(how.attributes);
    if ('error' in how) {
      // No messages: a handler's may quote the event.
      this.#span.addEvent('exception', { 'exception.type': exceptionType(how.error) });
      this.#span.setAttribute(ATTRIBUTES.error, errorType(how.error));
      this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}

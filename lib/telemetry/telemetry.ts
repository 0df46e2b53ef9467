import type { IncomingHttpHeaders } from 'node:http';
import type { CounterName, GaugeName, HistogramName } from './instruments.js';

/** Attributes of a span or a measurement. Backends keep and index them, so they never contain ids, payloads or secrets. */
export type TelemetryAttributes = Readonly<Record<string, string | number | undefined>>;

/** The position in a trace, as text for another process. */
export type TraceCarrier = Readonly<Record<string, string>>;

/** How the work of a span ended. */
export interface SpanEnd {
  /** The value that was thrown. */
  readonly error?: unknown;
  readonly attributes?: TelemetryAttributes | undefined;
}

/** A span that has started. */
export interface TelemetrySpan {
  /** False if the app's sampler has dropped the span. It is still a position in the trace, which tells others not to record. */
  readonly isRecording: boolean;
  /** Runs the work with this span as the active one. Does not end it. */
  run<Result>(work: () => Result): Result;
  /** Ends the span. Further calls do nothing. */
  end(how?: SpanEnd): void;
}

/** Options of `Telemetry.start`. */
export interface SpanOptions {
  readonly attributes?: TelemetryAttributes | undefined;
  /** Parent of the span. @default the active span */
  readonly parent?: TelemetrySpan | undefined;
  /** Headers of the request, which name the parent if no span is active. */
  readonly headers?: IncomingHttpHeaders | undefined;
}

/**
 * Spans and metrics of OpenTelemetry. There are none without `@opentelemetry/api`. No type of that package is part of it,
 * because apps compile without the package.
 */
export abstract class Telemetry {
  /** Gets ready if the app has registered an SDK. Afterwards an SDK that is registered later is noticed at its first use. */
  abstract prepare(): Promise<void>;
  /** True if the app has registered a tracer provider. */
  abstract get isTracing(): boolean;
  /** Starts a span; `undefined` if the app has not registered a tracer provider. */
  abstract start(name: string, options: SpanOptions): TelemetrySpan | undefined;
  /** Returns the active position in a trace, for `resume` in another process; `undefined` outside of a trace. */
  abstract carrier(): TraceCarrier | undefined;
  /** Runs the work at a stored position in a trace. If a span is active, that span remains the parent. */
  abstract resume<Result>(carrier: TraceCarrier | undefined, work: () => Result): Result;
  /** True if the app has registered a meter provider. The first call creates the instruments. */
  abstract get isMetering(): boolean;
  abstract count(metric: CounterName, attributes: TelemetryAttributes): void;
  abstract measure(metric: HistogramName, seconds: number, attributes: TelemetryAttributes): void;
  /**
   * Reads gauges whenever the app's SDK collects metrics.
   *
   * @param read resolves with the values that are known
   * @returns a function that stops it
   */
  abstract observe(
    metrics: readonly GaugeName[],
    read: () => Promise<Partial<Record<GaugeName, number>>>,
    attributes: TelemetryAttributes,
  ): () => void;
}

/** Runs the work in a span, and ends the span when the work ends. */
export function inSpan<Result>(span: TelemetrySpan, work: () => Result): Result {
  try {
    const result = span.run(work);
    if (!(result instanceof Promise)) {
      span.end();
      return result;
    }
    return result.then(
      (value: unknown) => {
        span.end();
        return value;
      },
      (error: unknown) => {
        span.end({ error });
        throw error;
      },
    ) as Result;
  } catch (error) {
    span.end({ error });
    throw error;
  }
}

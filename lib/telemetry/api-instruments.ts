import type { BatchObservableCallback, Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';
import {
  DURATION_BUCKETS,
  INSTRUMENTS,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricName,
} from './instruments.js';
import type { TelemetryAttributes } from './telemetry.js';

/** The instruments of a meter. */
export class ApiInstruments {
  readonly #meter: Meter;
  readonly #counters = new Map<MetricName, Counter>();
  readonly #histograms = new Map<MetricName, Histogram>();
  readonly #gauges = new Map<MetricName, ObservableGauge>();

  constructor(meter: Meter) {
    this.#meter = meter;
    for (const [name, { kind, unit, description }] of Object.entries(INSTRUMENTS)) {
      const metric = name as MetricName;
      if (kind === 'counter') this.#counters.set(metric, meter.createCounter(name, { unit, description }));
      else if (kind === 'gauge') this.#gauges.set(metric, meter.createObservableGauge(name, { unit, description }));
      else {
        const advice = { explicitBucketBoundaries: [...DURATION_BUCKETS] };
        this.#histograms.set(metric, meter.createHistogram(name, { unit, description, advice }));
      }
    }
  }

  count(metric: CounterName, attributes: TelemetryAttributes): void {
    this.#counters.get(metric)?.add(1, attributes);
  }

  measure(metric: HistogramName, seconds: number, attributes: TelemetryAttributes): void {
    this.#histograms.get(metric)?.record(seconds, attributes);
  }

  observe(
    metrics: readonly GaugeName[],
    read: () => Promise<Partial<Record<GaugeName, number>>>,
    attributes: TelemetryAttributes,
  ): () => void {
    const gauges = metrics.flatMap((metric) => this.#gauges.get(metric) ?? []);
    const callback: BatchObservableCallback = async (result) => {
      const values = await read();
      for (const metric of metrics) {
        const gauge = this.#gauges.get(metric);
        const value = values[metric];
        if (gauge && value !== undefined) result.observe(gauge, value, attributes);
      }
    };
    this.#meter.addBatchObservableCallback(callback, gauges);
    return () => this.#meter.removeBatchObservableCallback(callback, gauges);
  }
}

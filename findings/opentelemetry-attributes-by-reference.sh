#!/usr/bin/env bash
# @opentelemetry/sdk-metrics 2.12.1: changing an attributes object after the call changes data points that are already recorded.
#
# Valid input: middleware keeps one object of labels per request. It passes { method: 'POST' } to an up-down counter, adds `status` when
# the request ends, and passes the object to a histogram. Seen: the counter's point is exported as { method: 'POST', status: 200 }. A
# later add(-1, { method: 'POST' }) goes to the same point, so the value is right under the wrong labels. If one object is used for status
# 200 and then 500, the counter has two points with equal attributes, and /metrics contains the same series twice.
# The SDK finds a point by a hash of the values at the time of the call, but keeps the caller's object for the export. Spans of the same
# SDK copy their attributes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @opentelemetry/api@1.9.1 @opentelemetry/sdk-metrics@2.12.1 \
  @opentelemetry/sdk-trace-base@2.12.1 @opentelemetry/exporter-prometheus@0.223.0 > /dev/null 2>&1
cat > run.mjs <<'JS'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });
const meter = provider.getMeter('app');
const active = meter.createUpDownCounter('active_requests');
const duration = meter.createHistogram('duration');
const answers = meter.createCounter('answers');

const labels = { method: 'POST' };
active.add(1, labels);
labels.status = 200;
duration.record(12, labels);
active.add(-1, { method: 'POST' });

const answer = { status: 200 };
answers.add(1, answer);
answer.status = 500;
answers.add(1, answer);

await provider.forceFlush();
const [{ scopeMetrics }] = exporter.getMetrics();
const points = Object.fromEntries(
  scopeMetrics[0].metrics.map(({ descriptor, dataPoints }) => [
    descriptor.name,
    dataPoints.map(({ attributes, value }) => ({ ...attributes, value: value.sum ?? value })),
  ]),
);
const scraped = new PrometheusSerializer('', false, undefined, true, true)
  .serialize(exporter.getMetrics()[0])
  .split('\n')
  .filter((line) => line.startsWith('answers'));

const spans = new InMemorySpanExporter();
const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).getTracer('app');
const attributes = { status: 200 };
const span = tracer.startSpan('request', { attributes });
attributes.status = 500;
span.end();
const ofSpan = spans.getFinishedSpans()[0].attributes;
await provider.shutdown();

console.log({ active: points.active_requests, answers: points.answers, scraped, ofSpan });
const isAsSeen =
  JSON.stringify(points.active_requests) === '[{"method":"POST","status":200,"value":0}]' &&
  JSON.stringify(points.answers) === '[{"status":500,"value":1},{"status":500,"value":1}]' &&
  ofSpan.status === 200;
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exitCode = isAsSeen ? 0 : 1;
JS
node run.mjs

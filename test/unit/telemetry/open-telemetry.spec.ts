import { afterEach, describe, expect, it } from '@jest/globals';
import * as api from '@opentelemetry/api';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { OpenTelemetry } from '../../../lib/telemetry/open-telemetry.js';
import { ExportedTelemetry } from '../../support/telemetry.js';
import { until } from '../../support/until.js';

let exported: ExportedTelemetry | undefined;

afterEach(async () => {
  await exported?.shutdown();
  exported = undefined;
});

const TRACEPARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const activeTrace = () => api.trace.getSpanContext(api.context.active())?.traceId;

describe('without an SDK', () => {
  it('there are no spans, metrics and positions, and work runs', () => {
    const telemetry = new OpenTelemetry(api);

    expect([telemetry.isTracing, telemetry.isMetering]).toEqual([false, false]);
    expect(telemetry.start('receive', { attributes: {} })).toBeUndefined();
    expect(telemetry.carrier()).toBeUndefined();
    expect(telemetry.resume({ traceparent: TRACEPARENT }, () => 'done')).toBe('done');
    telemetry.count('gemini.webhooks.polls', {});
    telemetry.measure('gemini.webhooks.handler.duration', 1, {});
    telemetry.observe(['gemini.webhooks.inbox.oldest_age'], async () => ({}), {})();
  });

  it('the API is not loaded, and spans begin when the app registers one before or after the module is prepared', async () => {
    const [early, late] = [new OpenTelemetry(), new OpenTelemetry()];
    await late.prepare();
    expect(late.isTracing).toBe(false);

    exported = new ExportedTelemetry();
    await early.prepare();

    expect(early.isTracing).toBe(true);
    await until(() => late.isTracing && late.isMetering);
    late.start('receive', { attributes: {} })?.end();
    expect(exported.spans.map(({ name }) => name)).toEqual(['receive']);
  });

  it('spans begin when the app registers one later', () => {
    const telemetry = new OpenTelemetry(api);
    expect(telemetry.isTracing).toBe(false);

    exported = new ExportedTelemetry();

    expect(telemetry.isTracing).toBe(true);
    telemetry.start('receive', { attributes: {} })?.end();
    expect(exported.spans).toMatchObject([{ name: 'receive' }]);
  });
});

describe('a trace that another process began', () => {
  it('continues from the stored position', () => {
    exported = new ExportedTelemetry();

    expect(new OpenTelemetry(api).resume({ traceparent: TRACEPARENT }, activeTrace)).toBe('a'.repeat(32));
  });

  it('continues from the active span if there is one, such as one of BullMQ', () => {
    exported = new ExportedTelemetry();
    const telemetry = new OpenTelemetry(api);

    api.trace.getTracer('bullmq').startActiveSpan('process', (span) => {
      expect(telemetry.resume({ traceparent: TRACEPARENT }, activeTrace)).toBe(span.spanContext().traceId);
      span.end();
    });
  });

  it('does not continue from a span that has ended, such as that of the start', () => {
    exported = new ExportedTelemetry();
    const telemetry = new OpenTelemetry(api);

    api.trace.getTracer('app').startActiveSpan('start', (span) => {
      span.end();
      expect(telemetry.resume({ traceparent: TRACEPARENT }, activeTrace)).toBe('a'.repeat(32));
      expect(telemetry.resume(undefined, activeTrace)).toBeUndefined();
    });
  });

  it.each([[{ traceparent: 'nonsense' }], [{}], ['text'], [null]])('starts anew at %p', (carrier) => {
    exported = new ExportedTelemetry();

    expect(new OpenTelemetry(api).resume(carrier as Record<string, string>, activeTrace)).toBeUndefined();
  });

  it('stays unsampled', () => {
    exported = new ExportedTelemetry();
    api.trace.disable();
    api.trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
    const telemetry = new OpenTelemetry(api);

    const carrier = telemetry.start('accept', { attributes: {} })?.run(() => telemetry.carrier());

    expect(carrier).toEqual({ traceparent: expect.stringMatching(/-00$/) });
  });
});

describe('gauges', () => {
  it('are read at each collection until they are stopped, and leave out what is unknown', async () => {
    exported = new ExportedTelemetry();
    const values = [{ 'gemini.webhooks.inbox.oldest_age': 3 }, {}];
    const stop = new OpenTelemetry(api).observe(
      ['gemini.webhooks.inbox.oldest_age'],
      async () => values.shift() ?? { 'gemini.webhooks.inbox.oldest_age': 9 },
      { 'gemini.webhooks.registration': 'default' },
    );

    expect(await exported.points()).toEqual({
      'gemini.webhooks.inbox.oldest_age': [{ attributes: { 'gemini.webhooks.registration': 'default' }, value: 3 }],
    });
    expect(await exported.points()).toEqual({});
    stop();
    expect(await exported.points()).toEqual({});
  });
});

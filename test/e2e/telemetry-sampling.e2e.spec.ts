import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { trace, type SpanContext } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { OnGeminiEvent, UnrecoverableEventError } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { deliver, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';
import { ExportedTelemetry } from '../support/telemetry.js';

const sdk = new ExportedTelemetry();
const spans = new InMemorySpanExporter();
let asked: string[];
let isSampled: (name: string) => boolean;
let active: SpanContext | undefined;
let thrown: unknown;

/** An app's sampler that decides by the name of the span. */
const sampler = {
  shouldSample(_context: unknown, _traceId: string, name: string) {
    asked.push(name);
    return { decision: isSampled(name) ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
  },
};
trace.disable();
trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(spans)] }));

@Injectable()
class Orders {
  @OnGeminiEvent('batch.succeeded')
  publish() {
    active = trace.getActiveSpan()?.spanContext();
    if (thrown !== undefined) throw thrown;
  }
}

beforeEach(() => {
  asked = [];
  active = undefined;
  thrown = undefined;
  isSampled = () => false;
  spans.reset();
});
afterEach(closeApps);
afterAll(() => sdk.shutdown());

const start = () => startApp({ imports: [staticWebhooks()], providers: [Orders] }, { adapter: ADAPTERS[0] });

describe('a delivery that the sampler drops', () => {
  it('has no spans within its own but those of its handlers, which run in its trace', async () => {
    const { origin } = await start();

    expect(await deliver(origin)).toMatchObject(PROCESSED);

    expect(asked).toEqual(['receive', 'handle Orders.publish']);
    expect(spans.getFinishedSpans()).toEqual([]);
    expect(active).toMatchObject({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/), traceFlags: 0 });
  });

  it('still has the span of a handler that the sampler wants', async () => {
    isSampled = (name) => name.startsWith('handle ');
    const { origin } = await start();

    await deliver(origin);

    expect(spans.getFinishedSpans()).toMatchObject([{ name: 'handle Orders.publish', status: { code: 0 } }]);
    expect(active).toEqual(spans.getFinishedSpans()[0]!.spanContext());
  });

  it('is answered the same when it does not verify or its handler fails', async () => {
    const { origin } = await start();
    const forged = withHmac(newSecret(), bodyOf('batch.succeeded', { id: 'batch_2' }));

    expect(await post(`${origin}/gemini/webhooks`, forged)).toMatchObject({ status: 401 });
    thrown = new Error('not yet');
    expect(await deliver(origin)).toMatchObject({ status: 500 });
    thrown = new UnrecoverableEventError('never');
    expect(await deliver(origin)).toMatchObject({ status: 200 });

    expect(spans.getFinishedSpans()).toEqual([]);
  });
});

describe('a delivery that the sampler keeps', () => {
  it('runs a handler whose span is dropped at a position that is not sampled', async () => {
    isSampled = (name) => !name.startsWith('handle ');
    const { origin } = await start();

    await deliver(origin);

    const [, accept] = spans.getFinishedSpans();
    expect(spans.getFinishedSpans().map(({ name }) => name)).toEqual(['verify', 'accept', 'receive']);
    expect(active).toMatchObject({ traceId: accept!.spanContext().traceId, traceFlags: 0 });
  });
});

import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  GeminiWebhooksError,
  OnGeminiEvent,
  UnrecoverableEventError,
  type AroundGeminiHandler,
  type GeminiHandlerRun,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { HANDLER_FAILED, PROCESSED, SECRET, staticWebhooks } from '../support/static-webhooks.js';
import { ExportedTelemetry, parentsOf, traceRequests } from '../support/telemetry.js';

const exported = new ExportedTelemetry();
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
/** Text that a sender controls, or that must stay in the app. */
const PRIVATE = 'k9-private';

let thrown: unknown;
let seen: Record<string, unknown>;

@Injectable()
class Orders {
  @OnGeminiEvent('batch.succeeded')
  async publish() {
    const active = trace.getActiveSpan()?.spanContext();
    seen = { ...seen, handler: active?.spanId, baggage: propagation.getBaggage(context.active()) };
    if (thrown !== undefined) throw thrown;
  }
}

@Injectable()
class Hook implements AroundGeminiHandler {
  around(_run: GeminiHandlerRun, next: () => Promise<unknown>) {
    seen = { ...seen, hook: trace.getActiveSpan()?.spanContext().spanId };
    return next();
  }
}

beforeEach(async () => {
  thrown = undefined;
  seen = {};
  await exported.reset();
});
afterEach(closeApps);
afterAll(() => exported.shutdown());

describe.each(ADAPTERS)('the trace of a delivery on $adapter', (adapter) => {
  const start = () =>
    startApp({ imports: [staticWebhooks({ around: [Hook] })], providers: [Orders, Hook] }, { adapter });

  const deliver = (origin: string, { secret = SECRET, headers = {} }: { secret?: string; headers?: object } = {}) => {
    const body = bodyOf('batch.succeeded', { id: `batches/${PRIVATE}`, output_file_uri: `gs://${PRIVATE}` });
    const delivery = withHmac(secret, body, { id: `msg_${PRIVATE}` });
    return post(`${origin}/gemini/webhooks`, { ...delivery, headers: { ...delivery.headers, ...headers } });
  };

  it('leads from its arrival over verification and acceptance to each handler', async () => {
    const { origin } = await start();

    expect(await deliver(origin)).toMatchObject(PROCESSED);

    await exported.span('receive');
    expect(parentsOf(exported.spans)).toEqual({
      receive: undefined,
      verify: 'receive',
      accept: 'receive',
      'handle Orders.publish': 'accept',
    });
    expect(new Set(exported.spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    expect((await exported.span('receive')).attributes).toEqual({
      'gemini.webhooks.registration': 'default',
      'http.response.status_code': 200,
      'gemini.webhooks.receipt': 'processed',
      'gemini.webhooks.strategy': 'hmac',
      'gemini.webhooks.event_type': 'batch.succeeded',
    });
    expect((await exported.span('handle Orders.publish')).attributes).toEqual({
      'gemini.webhooks.registration': 'default',
      'gemini.webhooks.handler': 'Orders.publish',
      'gemini.webhooks.event_type': 'batch.succeeded',
      'gemini.webhooks.attempt': 1,
    });
  });

  it('has the span of a handler active in its hooks and in the handler', async () => {
    const { origin } = await start();

    await deliver(origin);

    const { spanId } = (await exported.span('handle Orders.publish')).spanContext();
    expect(seen).toMatchObject({ hook: spanId, handler: spanId });
  });

  it('is part of the trace of an instrumented HTTP server', async () => {
    const started = await start();
    traceRequests(started, 'POST');

    await deliver(started.origin, { headers: { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` } });

    await exported.span('POST');
    expect(parentsOf(exported.spans)).toMatchObject({ POST: undefined, receive: 'POST', verify: 'receive' });
  });

  it('continues the trace of the sender without an instrumented server, and takes no baggage', async () => {
    const { origin } = await start();

    await deliver(origin, { headers: { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`, baggage: `user=${PRIVATE}` } });

    const receive = await exported.span('receive');
    expect(receive.spanContext().traceId).toBe(TRACE_ID);
    expect(receive).toMatchObject({ parentSpanContext: { spanId: PARENT_ID }, kind: SpanKind.INTERNAL });
    expect(seen).toMatchObject({ handler: expect.any(String), baggage: undefined });
  });

  it('starts anew for a malformed traceparent', async () => {
    const { origin } = await start();

    expect(await deliver(origin, { headers: { traceparent: `00-${PRIVATE}` } })).toMatchObject(PROCESSED);

    expect((await exported.span('receive')).parentSpanContext).toBeUndefined();
  });

  it('ends with the refusal of a delivery that does not verify', async () => {
    const { origin } = await start();

    expect(await deliver(origin, { secret: newSecret() })).toMatchObject({ status: 401 });

    const receive = await exported.span('receive');
    expect(parentsOf(exported.spans)).toEqual({ receive: undefined, verify: 'receive' });
    expect(receive).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'signature_mismatch', 'http.response.status_code': 401 },
    });
    expect(await exported.span('verify')).toMatchObject({ attributes: { 'error.type': 'signature_mismatch' } });
  });

  it('ends with the refusal of a body that is not read', async () => {
    const { origin } = await start();

    await fetch(`${origin}/gemini/webhooks`, { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } });

    expect(await exported.span('receive')).toMatchObject({ attributes: { 'error.type': 'unsupported_media_type' } });
    expect(exported.spans).toHaveLength(1);
  });

  it.each([
    [new Error(PRIVATE), 'Error'],
    [new UnrecoverableEventError(PRIVATE), 'unrecoverable_event'],
    [new GeminiWebhooksError('closed', PRIVATE), 'closed'],
    [PRIVATE, 'String'],
    [null, '_OTHER'],
  ])('names the kind of what a handler throws, and not its text: %p', async (error, type) => {
    const { origin } = await start();
    thrown = error;

    await deliver(origin);

    const handler = await exported.span('handle Orders.publish');
    await exported.span('receive');
    expect(handler).toMatchObject({ status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': type } });
    expect(handler.status.message).toBeUndefined();
    expect(handler.events).toMatchObject([{ name: 'exception', attributes: { 'exception.type': expect.any(String) } }]);
  });

  it('contains no id, payload, secret or error message', async () => {
    const { origin } = await start();
    thrown = new Error(`could not save gs://${PRIVATE}`);
    expect(await deliver(origin, { headers: { 'x-note': PRIVATE } })).toMatchObject(HANDLER_FAILED);

    await exported.span('receive');

    const text = exported.spans.map(({ name, attributes, events, status }) =>
      JSON.stringify({ name, attributes, events, status }),
    );
    expect(text.join('\n')).not.toMatch(new RegExp(`${PRIVATE}|whsec_|v1,`));
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { firstValueFrom } from 'rxjs';
import {
  GeminiEventBus,
  GeminiWebhooksModule,
  OnGeminiEvent,
  UnrecoverableEventError,
  type GeminiDeliveryReport,
  type GeminiEventAttempt,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { SECRET } from '../support/static-webhooks.js';

let attempts: GeminiEventAttempt[];
let deliveries: GeminiDeliveryReport[];
let thrown: unknown[];

@Injectable()
class Orders {
  @OnGeminiEvent('batch.succeeded')
  async publish() {
    const error = thrown.shift();
    if (error !== undefined) throw error;
  }
}

/** Sends an event, signed by Gemini or by somebody else. The same `id` is the same event and the same message. */
const deliver = (origin: string, { id, secret = SECRET }: { id: string; secret?: string }) =>
  post(`${origin}/gemini/webhooks`, withHmac(secret, bodyOf('batch.succeeded', { id }), { id: `msg_${id}` }));

beforeEach(() => {
  attempts = [];
  deliveries = [];
  thrown = [];
});
afterEach(closeApps);

describe.each(ADAPTERS)('reports on $adapter', (adapter) => {
  async function start() {
    const { app, origin } = await startApp(
      { imports: [GeminiWebhooksModule.forRoot({ hmac: { secrets: SECRET }, jwks: false })], providers: [Orders] },
      { adapter },
    );
    const bus = app.get(GeminiEventBus);
    bus.attempts$.subscribe((attempt) => attempts.push(attempt));
    bus.deliveries$.subscribe((delivery) => deliveries.push(delivery));
    return { app, bus, origin };
  }

  it('say how each delivery was answered, and how each attempt of a handler ended', async () => {
    const { origin } = await start();

    await deliver(origin, { id: 'batch_1' });
    await deliver(origin, { id: 'batch_1' });

    expect(deliveries).toEqual([
      {
        registration: 'default',
        status: 200,
        receipt: 'processed',
        strategy: 'hmac',
        id: 'msg_batch_1',
        type: 'batch.succeeded',
        durationMs: expect.any(Number),
      },
      expect.objectContaining({ status: 200, receipt: 'duplicate', id: 'msg_batch_1' }),
    ]);
    expect(deliveries[0]!.durationMs).toBeGreaterThan(0);
    expect(attempts).toMatchObject([
      { handler: 'Orders.publish', attempt: 1, outcome: 'succeeded', event: { type: 'batch.succeeded' } },
    ]);
    expect(attempts[0]!.durationMs).toBeGreaterThan(0);
  });

  it('name the error of a failed attempt, and whether it is retried', async () => {
    const { origin } = await start();
    thrown = [new Error('at first'), new UnrecoverableEventError('at last')];

    await deliver(origin, { id: 'batch_2' });
    await deliver(origin, { id: 'batch_2' });

    expect(attempts).toMatchObject([
      { attempt: 1, outcome: 'failed', error: { message: 'at first' } },
      { attempt: 2, outcome: 'final', error: { message: 'at last' } },
    ]);
    expect(deliveries).toMatchObject([
      { status: 500, code: 'handler_failed', id: 'msg_batch_2' },
      { status: 200, receipt: 'processed' },
    ]);
  });

  it('tell the code of a refused delivery, and nothing that it claims to be', async () => {
    const { origin } = await start();

    await deliver(origin, { id: 'batch_3', secret: newSecret() });
    await fetch(`${origin}/gemini/webhooks`, { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } });

    expect(deliveries).toEqual([
      { registration: 'default', status: 401, code: 'signature_mismatch', durationMs: expect.any(Number) },
      { registration: 'default', status: 415, code: 'unsupported_media_type', durationMs: expect.any(Number) },
    ]);
    expect(attempts).toEqual([]);
  });

  it('reach a provider that subscribes in its constructor', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Metrics {
      constructor(bus: GeminiEventBus) {
        bus.attempts$.subscribe(({ outcome }) => seen.push(outcome));
        bus.deliveries$.subscribe(({ status }) => seen.push(status));
      }
    }
    const imports = [GeminiWebhooksModule.forRoot({ hmac: { secrets: SECRET }, jwks: false })];
    const { origin } = await startApp({ imports, providers: [Orders, Metrics] }, { adapter });

    await deliver(origin, { id: 'batch_4' });

    expect(seen).toEqual(['succeeded', 200]);
  });

  it('end when the app shuts down', async () => {
    const { app, bus } = await start();
    const ended = Promise.all([
      firstValueFrom(bus.attempts$, { defaultValue: 'completed' }),
      firstValueFrom(bus.deliveries$, { defaultValue: 'completed' }),
    ]);

    await app.close();

    expect(await ended).toEqual(['completed', 'completed']);
  });
});

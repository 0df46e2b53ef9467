import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { OnGeminiEvent, UnrecoverableEventError } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { SECRET, staticWebhooks } from '../support/static-webhooks.js';
import { ExportedTelemetry } from '../support/telemetry.js';

const exported = new ExportedTelemetry();
const [adapter] = ADAPTERS;

let thrown: unknown[];

@Injectable()
class Orders {
  @OnGeminiEvent('*')
  async publish() {
    const error = thrown.shift();
    if (error !== undefined) throw error;
  }
}

beforeEach(async () => {
  thrown = [];
  await exported.reset();
});
afterEach(closeApps);
afterAll(() => exported.shutdown());

describe('the metrics', () => {
  const start = () => startApp({ imports: [staticWebhooks()], providers: [Orders] }, { adapter });
  const deliver = (origin: string, { secret = SECRET, id = 'batch_1', type = 'batch.succeeded' } = {}) =>
    post(`${origin}/gemini/webhooks`, withHmac(secret, bodyOf(type, { id }), { id: `msg_${id}` }));
  const registration = { 'gemini.webhooks.registration': 'default' };

  it('count deliveries by how they were answered', async () => {
    const { origin } = await start();

    await deliver(origin);
    await deliver(origin);
    await deliver(origin, { secret: newSecret() });

    const points = await exported.points();
    const processed = { ...registration, 'http.response.status_code': 200, 'gemini.webhooks.receipt': 'processed' };
    expect(points['gemini.webhooks.deliveries']).toEqual([
      { attributes: processed, value: 1 },
      { attributes: { ...processed, 'gemini.webhooks.receipt': 'duplicate' }, value: 1 },
      {
        attributes: { ...registration, 'http.response.status_code': 401, 'error.type': 'signature_mismatch' },
        value: 1,
      },
    ]);
    const message = {
      'messaging.system': 'gemini',
      'messaging.operation.name': 'receive',
      'messaging.destination.name': 'default',
    };
    expect(points['messaging.process.duration']).toMatchObject([
      { attributes: message, value: { count: 2, buckets: { boundaries: expect.arrayContaining([0.001, 300]) } } },
      { attributes: { ...message, 'error.type': 'signature_mismatch' }, value: { count: 1 } },
    ]);
  });

  it('measure attempts of handlers by outcome, in seconds, and count retries', async () => {
    const { origin } = await start();
    thrown = [new TypeError('first'), new UnrecoverableEventError('second')];

    await deliver(origin);
    await deliver(origin);
    await deliver(origin, { id: 'batch_2' });

    const points = await exported.points();
    const handler = { ...registration, 'gemini.webhooks.handler': 'Orders.publish' };
    const attempt = { ...handler, 'gemini.webhooks.event_type': 'batch.succeeded' };
    expect(points['gemini.webhooks.handler.duration']).toMatchObject([
      { attributes: { ...attempt, 'gemini.webhooks.outcome': 'failed', 'error.type': 'TypeError' } },
      { attributes: { ...attempt, 'gemini.webhooks.outcome': 'final', 'error.type': 'unrecoverable_event' } },
      { attributes: { ...attempt, 'gemini.webhooks.outcome': 'succeeded' }, value: { count: 1 } },
    ]);
    const sums = points['gemini.webhooks.handler.duration']!.map(({ value }) => (value as { sum: number }).sum);
    expect(Math.max(...sums)).toBeLessThan(5);
    expect(points['gemini.webhooks.handler.retries']).toEqual([{ attributes: handler, value: 1 }]);
  });

  it('do not contain types of events that are not in the catalogue, which may be any text', async () => {
    const { origin } = await start();

    await deliver(origin, { type: 'k9-private.happened' });

    const points = await exported.points();
    expect(points['gemini.webhooks.handler.duration']).toMatchObject([
      { attributes: { 'gemini.webhooks.event_type': '_OTHER' } },
    ]);
    expect(JSON.stringify(points)).not.toMatch(/k9-private|batch_1|msg_/);
  });

  it('are no longer collected from an app that was closed', async () => {
    const { app, origin } = await start();
    await deliver(origin);
    await exported.points();

    await app.close();

    expect(await exported.points()).toEqual({});
  });
});

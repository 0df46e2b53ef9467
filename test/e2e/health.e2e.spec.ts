import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { GoogleGenAI } from '@google/genai';
import {
  GeminiInbox,
  GeminiWebhookEndpoints,
  GeminiWebhooksHealth,
  getGeminiToken,
  OnGeminiEvent,
  type GeminiHealthOptions,
  type InboxEngineFactory,
} from '../../lib/index.js';
import { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deferred } from '../support/deferred.js';
import { EVENTS, MemoryStore, NAME, startEndpointApp, URI } from '../support/endpoints.js';
import { healthController, healthOf, TERMINUS } from '../support/health.js';
import { closeKeyServers, startKeyServer } from '../support/key-server.js';
import { GoogleKeys } from '../support/senders.js';
import { deliver, PROCESSED, SECRET, staticWebhooks } from '../support/static-webhooks.js';
import { until } from '../support/until.js';

let gemini: GeminiSimulator | undefined;

afterEach(async () => {
  await closeApps();
  await closeKeyServers();
  await gemini?.close();
  gemini = undefined;
});

describe.each(ADAPTERS)('GeminiWebhooksHealth with Terminus on $adapter', (adapter) => {
  it('gives 200 when up, with the state of the module instance and no secret', async () => {
    const { origin } = await startApp(
      { imports: [TERMINUS, staticWebhooks()], controllers: healthController() },
      { adapter },
    );
    const before = await healthOf(origin);
    expect(await deliver(origin)).toMatchObject(PROCESSED);
    const { status, gemini: health, text } = await healthOf(origin);

    expect(before).toMatchObject({
      status: 200,
      gemini: { status: 'up', store: 'none', worker: 'running', lagMs: 0, failed: 0 },
    });
    expect(before.gemini).not.toHaveProperty('lastDeliveryAt');
    expect(status).toBe(200);
    expect(Date.parse(health!.lastDeliveryAt!)).toBeGreaterThan(Date.now() - 60_000);
    expect(text).not.toContain(SECRET.slice('whsec_'.length));
    expect(text).not.toContain('batch_1');
  });

  it('gives 503 when down, with the cause', async () => {
    const away: InboxEngineFactory = () => ({
      accept: async () => ({ status: 'accepted', httpStatus: 202 }),
      health: async () => ({ store: 'unavailable', worker: 'running' }),
      close: async () => undefined,
    });
    const { origin } = await startApp(
      { imports: [TERMINUS, staticWebhooks({ inbox: away })], controllers: healthController() },
      { adapter },
    );

    expect(await healthOf(origin)).toMatchObject({
      status: 503,
      gemini: { status: 'down', causes: ['store'], store: 'unavailable' },
    });
  });
});

describe('GeminiWebhooksHealth', () => {
  const [adapter] = ADAPTERS;

  it('is down while the oldest event is older than maxLagMs', async () => {
    const [gate, started] = [deferred(), deferred()];
    let limits: GeminiHealthOptions = {};

    @Injectable()
    class Slow {
      @OnGeminiEvent('*', { name: 'slow' })
      async run(): Promise<void> {
        started.resolve();
        await gate.promise;
      }
    }

    const { origin } = await startApp(
      { imports: [TERMINUS, staticWebhooks()], controllers: healthController(() => limits), providers: [Slow] },
      { adapter },
    );

    const answer = deliver(origin);
    await started.promise;
    expect(await healthOf(origin)).toMatchObject({ status: 200 });
    limits = { maxLagMs: 20 };
    await until(async () => (await healthOf(origin)).status === 503);
    expect((await healthOf(origin)).gemini).toMatchObject({ status: 'down', causes: ['maxLagMs'] });
    gate.resolve();
    await answer;

    expect(await healthOf(origin)).toMatchObject({ status: 200, gemini: { status: 'up', lagMs: 0 } });
  });

  it('is injected by class, and by token for a named module instance', async () => {
    const { app, origin } = await startApp(
      {
        imports: [TERMINUS, staticWebhooks(), staticWebhooks({ name: 'tenant', path: 'tenant' })],
        controllers: healthController(undefined, ['default', 'tenant']),
      },
      { adapter },
    );
    await deliver(origin, { path: 'tenant' });

    expect((await healthOf(origin)).gemini).not.toHaveProperty('lastDeliveryAt');
    expect((await healthOf(origin, 'tenant')).gemini).toMatchObject({ lastDeliveryAt: expect.any(String) });
    expect(await app.get(GeminiWebhooksHealth).check({ key: 'gemini' })).toHaveProperty('gemini.status', 'up');
    expect(app.get<GeminiWebhooksHealth>(getGeminiToken(GeminiWebhooksHealth, 'tenant'))).not.toBe(
      app.get(GeminiWebhooksHealth),
    );
    expect(await app.get(GeminiInbox).stats()).toMatchObject({ active: 0 });
  });

  it('is down once the app closes', async () => {
    const { app } = await startApp({ imports: [staticWebhooks()] }, { adapter });
    const health = app.get(GeminiWebhooksHealth);
    await app.close();

    expect(await health.check()).toMatchObject({ 'gemini-webhooks': { status: 'down', causes: ['worker'] } });
  });

  it('fetches the key set for a limit, and is down while that fails', async () => {
    let isUp = false;
    // Made before the first request: a check does not wait long for an answer.
    const { keySet } = new GoogleKeys();
    const { url, requests } = await startKeyServer((_, response) => {
      response.writeHead(isUp ? 200 : 500).end(JSON.stringify(keySet));
    });
    const start = async () => {
      const { app } = await startApp({ imports: [staticWebhooks({ jwks: { url }, binding: false })] }, { adapter });
      return app.get(GeminiWebhooksHealth);
    };
    const failing = await start();
    expect(await failing.check()).toMatchObject({ 'gemini-webhooks': { status: 'up', keySet: { state: 'none' } } });
    expect(requests).toHaveLength(0);

    expect(await failing.check({ maxKeySetAgeMs: 600_000 })).toMatchObject({
      'gemini-webhooks': {
        status: 'down',
        causes: ['maxKeySetAgeMs'],
        keySet: { state: 'none', lastError: 'the server of the key set returned 500' },
      },
    });
    await closeApps();
    isUp = true;
    expect(await (await start()).check({ maxKeySetAgeMs: 600_000 })).toMatchObject({
      'gemini-webhooks': { status: 'up', keySet: { state: 'fetched' } },
    });
  });

  it('reports the static webhook of the endpoint option, and asks Gemini once for many checks', async () => {
    gemini = await GeminiSimulator.start();
    const ai = new GoogleGenAI(gemini.clientOptions);
    const endpoint = { name: NAME, events: EVENTS, secretStore: new MemoryStore(), required: true };
    const { app } = await startEndpointApp(gemini, { jwks: false, endpoint });
    const [webhook] = await app.get(GeminiWebhookEndpoints).list();
    await ai.webhooks.update(webhook!.id, { state: 'disabled', update_mask: 'state' });
    const health = app.get(GeminiWebhooksHealth);

    expect(await health.check()).toMatchObject({
      'gemini-webhooks': { status: 'up', webhook: { state: 'disabled', checkedAt: expect.any(String) } },
    });
    await ai.webhooks.update(webhook!.id, { state: 'enabled', update_mask: 'state' });
    expect(await health.check({ webhook: true })).toMatchObject({
      'gemini-webhooks': { status: 'down', causes: ['webhook'], webhook: { state: 'disabled' } },
    });
  });

  it('finds a static webhook that was registered elsewhere by the URL of the route', async () => {
    gemini = await GeminiSimulator.start();
    const ai = new GoogleGenAI(gemini.clientOptions);
    const { app } = await startEndpointApp(gemini, { hmac: { secrets: SECRET }, jwks: false });
    expect(await app.get(GeminiWebhooksHealth).check()).not.toHaveProperty('gemini-webhooks.webhook');

    await ai.webhooks.create({ name: 'by hand', uri: URI, subscribed_events: EVENTS });
    expect(await app.get(GeminiWebhooksHealth).check({ webhook: true })).toMatchObject({
      'gemini-webhooks': { status: 'up', webhook: { state: 'enabled' } },
    });
  });

  it('rejects webhook: true where Gemini cannot be asked', async () => {
    const { app } = await startApp({ imports: [staticWebhooks({ gemini: false })] }, { adapter });

    await expect(app.get(GeminiWebhooksHealth).check({ webhook: true })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/there is no Gemini client/),
    });
  });
});

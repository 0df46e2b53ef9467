import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { ClsService } from 'nestjs-cls';
import { LoggerModule } from 'nestjs-pino';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { register } from 'prom-client';
import { OnGeminiEvent, UnrecoverableEventError } from '../../lib/index.js';
import { ATTRIBUTES } from '../../lib/telemetry/attributes.js';
import { INSTRUMENTS } from '../../lib/telemetry/instruments.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { post } from '../support/http.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { deliver, PROCESSED, SECRET, staticWebhooks } from '../support/static-webhooks.js';
import { ExamplePage } from './support/example-page.js';

const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/observability.md');
const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'observability.md'), 'utf8');

let thrown: unknown;

@Injectable()
class Orders {
  @OnGeminiEvent('batch.succeeded')
  publish() {
    if (thrown !== undefined) throw thrown;
  }
}

beforeEach(() => {
  thrown = undefined;
  setEnvironment({ GEMINI_WEBHOOK_SECRET: SECRET });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeApps();
  register.clear();
  setEnvironment();
});

/** Sends one event that is handled, and one that somebody else signed. */
async function sendBoth(origin: string) {
  expect(await deliver(origin, { id: 'batch_1' })).toMatchObject(PROCESSED);
  const forged = withHmac(newSecret(), bodyOf('batch.succeeded', { id: 'batch_2' }));
  expect(await post(`${origin}/gemini/webhooks`, forged)).toMatchObject({ status: 401 });
}

describe('docs/observability.md', () => {
  page.example('nestjs-cls', 'gives a handler the id of its delivery', async (example) => {
    const { WebhooksModule } = await example.run<{ WebhooksModule: Type }>();
    const seen: unknown[] = [];
    @Injectable()
    class InContext {
      constructor(private readonly cls: ClsService) {}

      @OnGeminiEvent('batch.succeeded')
      handle(event: { delivery: { id: string } }) {
        seen.push([this.cls.get<string>('delivery'), event.delivery.id]);
      }
    }
    const { origin } = await startApp({ imports: [WebhooksModule], providers: [InContext] }, { adapter });

    expect(await deliver(origin)).toMatchObject(PROCESSED);

    const [[stored, id]] = seen as [[string, string]];
    expect(stored).toBe(id);
  });

  page.example('nestjs-pino', 'logs deliveries and attempts with fields', async (example) => {
    const { DeliveryLog } = await example.run<{ DeliveryLog: Type }>();
    const lines: unknown[] = [];
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const imports = [staticWebhooks(), LoggerModule.forRoot({ pinoHttp: [{ autoLogging: false }, stream] })];
    const { origin } = await startApp({ imports, providers: [Orders, DeliveryLog] }, { adapter });

    await sendBoth(origin);
    thrown = new UnrecoverableEventError('no');
    await deliver(origin, { id: 'batch_3' });

    const id = expect.stringMatching(/^msg_/);
    expect(lines).toMatchObject([
      { msg: 'attempt', type: 'batch.succeeded', id, handler: 'Orders.publish', attempt: 1, outcome: 'succeeded' },
      { msg: 'delivery', type: 'batch.succeeded', id, status: 200 },
      { msg: 'delivery', status: 401, code: 'signature_mismatch' },
      { msg: 'attempt', outcome: 'final', code: 'unrecoverable_event' },
      { msg: 'delivery', status: 200 },
    ]);
  });

  page.example('prom-client', 'counts deliveries and measures attempts', async (example) => {
    const { WebhookMetrics } = await example.run<{ WebhookMetrics: Type }>();
    const providers = [Orders, WebhookMetrics];
    const { origin } = await startApp({ imports: [staticWebhooks()], providers }, { adapter });

    await sendBoth(origin);

    const metrics = await register.metrics();
    expect(metrics).toContain('gemini_webhooks_deliveries_total{status="200",code=""} 1');
    expect(metrics).toContain('gemini_webhooks_deliveries_total{status="401",code="signature_mismatch"} 1');
    expect(metrics).toContain(
      'gemini_webhooks_handler_duration_seconds_count{handler="Orders.publish",outcome="succeeded"} 1',
    );
  });

  page.elsewhere('Sentry', 'test/package/sentry.spec.ts', { language: 'js' });
  page.elsewhere('Sentry', 'test/package/sentry.spec.ts', { language: 'js', nth: 2 });

  it('lists every metric with its type, and every attribute', () => {
    const rows = [...text.matchAll(/^\| `([a-z_.]+)`[^|]*\| (counter|histogram|gauge)/gm)].map(([, name, kind]) => [
      name,
      kind,
    ]);

    expect(rows.toSorted()).toEqual(
      Object.entries(INSTRUMENTS)
        .map(([name, { kind }]) => [name, kind])
        .toSorted(),
    );
    expect(Object.values(ATTRIBUTES).filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  page.everyExampleIsRun();
});

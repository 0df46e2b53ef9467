import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import * as api from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, type IMetricReader } from '@opentelemetry/sdk-metrics';
import type { GoogleGenAI } from '@google/genai';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GeminiWebhooksHealth, OnGeminiEvent } from '../../lib/index.js';
import { JobChecker } from '../../lib/jobs/polling/job-checker.js';
import { OpenTelemetry } from '../../lib/telemetry/open-telemetry.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { closeKeyServers, startKeyServer } from '../support/key-server.js';
import { PROMETHEUS_PATH, promtool, startPrometheus, type Prometheus } from '../support/prometheus.js';
import { bodyOf, GoogleKeys, newSecret, withHmac } from '../support/senders.js';
import { deliver, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

const FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'observability');
const file = (name: string) => join(FOLDER, name);
const describeWithPrometheus = PROMETHEUS_PATH ? describe : describe.skip;

describeWithPrometheus('the alert rules', () => {
  it('pass the checks of promtool, with the configuration that loads them', async () => {
    expect(await promtool('check', 'config', file('prometheus.yml'))).toContain('rules found');
  });

  it('alert when they should', async () => {
    const tests = join(import.meta.dirname, 'support', 'alerts.test.yml');

    expect(await promtool('test', 'rules', tests)).toContain('SUCCESS');
  });

  it('are all tested', async () => {
    const [rules, tests] = await Promise.all([
      readFile(file('alerts.yml'), 'utf8'),
      readFile(join(import.meta.dirname, 'support', 'alerts.test.yml'), 'utf8'),
    ]);
    const alerts = [...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => name!);

    expect(alerts.length).toBeGreaterThan(5);
    expect(alerts.filter((name) => !tests.includes(`alertname: ${name}\n`))).toEqual([]);
  });
});

@Injectable()
class Orders {
  @OnGeminiEvent('batch.succeeded')
  publish(_event: unknown, { attempt }: { attempt: number }) {
    if (attempt === 1) throw new Error('not yet');
  }
}

/** An app with the exporter of our docs, after everything that has a metric has happened once. */
async function measuredApp(): Promise<{ server: Server; stop(): Promise<void> }> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meters = new MeterProvider({ readers: [exporter as unknown as IMetricReader] });
  api.metrics.setGlobalMeterProvider(meters);
  const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { url } = await startKeyServer((_request, response) => response.end(JSON.stringify(new GoogleKeys().keySet)));
  const imports = [staticWebhooks({ jwks: { url }, binding: false })];
  const { app, origin } = await startApp({ imports, providers: [Orders] }, { adapter: ADAPTERS[0]! });

  expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
  expect(await deliver(origin)).toMatchObject(PROCESSED);
  const forged = withHmac(newSecret(), bodyOf('batch.succeeded', { id: 'batch_2' }));
  expect(await post(`${origin}/gemini/webhooks`, forged)).toMatchObject({ status: 401 });
  await app.get(GeminiWebhooksHealth).check({ maxKeySetAgeMs: 60_000 });
  await pollMissedWebhook();
  const stop = async () => {
    await meters.shutdown();
    server.closeAllConnections();
    server.close();
    await closeApps();
    await closeKeyServers();
    api.metrics.disable();
  };
  return { server, stop };
}

async function pollMissedWebhook(): Promise<void> {
  Logger.overrideLogger(false);
  const ai = { batches: { get: async () => ({ name: 'batches/1', state: 'JOB_STATE_SUCCEEDED' }) } };
  const checker = new JobChecker(ai as unknown as GoogleGenAI, 'default', new OpenTelemetry(api));
  const job = { id: 'job.batch.1', kind: 'batch', name: 'batches/1', params: {}, bound: true } as const;
  await checker.check({ ...job, webhook: true, createdAt: 0 }, undefined);
}

describeWithPrometheus('a Prometheus that scrapes an app', () => {
  let app: Awaited<ReturnType<typeof measuredApp>>;
  let folder: string;
  let prometheus: Prometheus;

  beforeAll(async () => {
    app = await measuredApp();
    folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-rules-'));
    const config = await readFile(file('prometheus.yml'), 'utf8');
    const target = `127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    expect(config).toContain('127.0.0.1:9464');
    await writeFile(join(folder, 'alerts.yml'), await readFile(file('alerts.yml')));
    await writeFile(
      join(folder, 'prometheus.yml'),
      `global: { scrape_interval: 1s, evaluation_interval: 1s }\n${config.replace('127.0.0.1:9464', target)}`,
    );
    prometheus = await startPrometheus(join(folder, 'prometheus.yml'));
  });

  afterAll(async () => {
    await prometheus?.stop();
    await app?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const query = async (expr: string) =>
    (await prometheus.get<{ result: readonly unknown[] }>(`query?query=${encodeURIComponent(expr)}`)).result;

  it('has every metric of the dashboard and of the alerts, by the same name', async () => {
    const text = (await readFile(file('dashboard.json'), 'utf8')) + (await readFile(file('alerts.yml'), 'utf8'));
    const used = new Set(
      text.match(/\b(?:gemini_webhooks|messaging)_\w+_(?:total|seconds|seconds_bucket|seconds_count|failed_events)\b/g),
    );

    expect(used.size).toBeGreaterThan(8);
    for (const name of used) await until(async () => (await query(name)).length > 0, { withinMs: 15_000 });
  });

  it('understands every query of the dashboard', async () => {
    const dashboard = JSON.parse(await readFile(file('dashboard.json'), 'utf8')) as {
      panels: readonly { targets: readonly { expr: string }[] }[];
    };
    const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    // A rate needs two scrapes.
    await until(async () => (await query('count_over_time(gemini_webhooks_deliveries_total[1m]) > 1')).length > 0);

    const empty: string[] = [];
    for (const expr of queries) {
      if ((await query(expr.replaceAll('$__rate_interval', '1m'))).length === 0) empty.push(expr);
    }

    expect(queries.length).toBeGreaterThan(8);
    expect(empty).toEqual([]);
  });

  it('evaluates every alert', async () => {
    interface Rules {
      readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly health: string }[] }[];
    }
    const rules = async () => (await prometheus.get<Rules>('rules')).groups.flatMap((group) => group.rules);
    await until(async () => (await rules()).every(({ health }) => health !== 'unknown'));

    expect((await rules()).filter(({ health }) => health !== 'ok')).toEqual([]);
    expect((await rules()).length).toBeGreaterThan(5);
  });
});

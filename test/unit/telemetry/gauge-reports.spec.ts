import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import * as api from '@opentelemetry/api';
import { GaugeReports } from '../../../lib/telemetry/gauge-reports.js';
import { OpenTelemetry } from '../../../lib/telemetry/open-telemetry.js';
import { ExportedTelemetry } from '../../support/telemetry.js';

const exported = new ExportedTelemetry();
const attributes = { 'gemini.webhooks.registration': 'default' };

beforeEach(() => exported.reset());
afterAll(() => exported.shutdown());

function reportsOf(inbox: ConstructorParameters<typeof GaugeReports>[1]): GaugeReports {
  const reports = new GaugeReports({ name: 'default' }, inbox, new OpenTelemetry(api));
  reports.onApplicationBootstrap();
  return reports;
}

describe('the gauges of an inbox', () => {
  it('are the age of its oldest event, in seconds, and its failed events', async () => {
    const reports = reportsOf({ stats: async () => ({ failed: 2, oldestAgeMs: 1_500 }) });

    expect(await exported.points()).toEqual({
      'gemini.webhooks.inbox.oldest_age': [{ attributes, value: 1.5 }],
      'gemini.webhooks.inbox.failed_events': [{ attributes, value: 2 }],
    });

    reports.onModuleDestroy();
    expect(await exported.points()).toEqual({});
  });

  it('are not reported by an app that was closed while it started', async () => {
    const reports = new GaugeReports(
      { name: 'default' },
      { stats: async () => ({ failed: 2 }) },
      new OpenTelemetry(api),
    );
    reports.onModuleDestroy();
    reports.onApplicationBootstrap();

    expect(await exported.points()).toEqual({});
  });

  it('are 0 while no event waits', async () => {
    const reports = reportsOf({ stats: async () => ({ failed: 0 }) });

    expect(await exported.points()).toMatchObject({
      'gemini.webhooks.inbox.oldest_age': [{ value: 0 }],
      'gemini.webhooks.inbox.failed_events': [{ value: 0 }],
    });
    reports.onModuleDestroy();
  });

  it('are absent while the store does not answer, and other metrics are collected', async () => {
    const reports = reportsOf({ stats: () => Promise.reject(new Error('the store is down')) });
    const telemetry = new OpenTelemetry(api);
    telemetry.count('gemini.webhooks.polls', attributes);

    expect(await exported.points()).toEqual({ 'gemini.webhooks.polls': [{ attributes, value: 1 }] });
    reports.onModuleDestroy();
  });

  it('are absent for an inbox that does not count its events', async () => {
    reportsOf({}).onModuleDestroy();

    expect(await exported.points()).toEqual({});
  });
});

import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import * as api from '@opentelemetry/api';
import { KeySetGauge } from '../../../lib/health/key-set-gauge.js';
import type { KeySetStatus } from '../../../lib/signature/key-set.js';
import { OpenTelemetry } from '../../../lib/telemetry/open-telemetry.js';
import { ExportedTelemetry } from '../../support/telemetry.js';

const exported = new ExportedTelemetry();

beforeEach(() => exported.reset());
afterAll(() => exported.shutdown());

async function pointsWith(status: KeySetStatus | undefined) {
  const verifier = { keySetStatus: async () => status };
  const gauge = new KeySetGauge({ name: 'default' }, verifier, new OpenTelemetry(api));
  gauge.onApplicationBootstrap();
  const points = await exported.points();
  gauge.onModuleDestroy();
  return points;
}

describe("the gauge of Google's keys", () => {
  it('is their age in seconds', async () => {
    expect(await pointsWith({ state: 'fetched', ageMs: 90_500 })).toEqual({
      'gemini.webhooks.key_set.age': [{ attributes: { 'gemini.webhooks.registration': 'default' }, value: 90.5 }],
    });
  });

  it('is not reported by an app that was closed while it started', async () => {
    const verifier = { keySetStatus: async () => ({ state: 'fetched', ageMs: 1 }) as const };
    const gauge = new KeySetGauge({ name: 'default' }, verifier, new OpenTelemetry(api));
    gauge.onModuleDestroy();
    gauge.onApplicationBootstrap();

    expect(await exported.points()).toEqual({});
  });

  it.each([[undefined], [{ state: 'none' } as const], [{ state: 'configured' } as const]])(
    'is absent without fetched keys: %j',
    async (status) => {
      expect(await pointsWith(status)).toEqual({});
    },
  );
});

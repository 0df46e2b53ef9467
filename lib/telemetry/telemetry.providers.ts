import type { FactoryProvider } from '@nestjs/common';
import { OpenTelemetry } from './open-telemetry.js';
import { loadOpenTelemetryApi } from './optional-api.js';
import { Telemetry } from './telemetry.js';

/** Provides the app's telemetry; `undefined` without `@opentelemetry/api`. */
export const TELEMETRY_PROVIDER: FactoryProvider<Telemetry | undefined> = {
  provide: Telemetry,
  useFactory: async () => {
    const api = await loadOpenTelemetryApi();
    return api && new OpenTelemetry(api);
  },
};

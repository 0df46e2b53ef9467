import type { FactoryProvider } from '@nestjs/common';
import { OpenTelemetry } from './open-telemetry.js';
import { Telemetry } from './telemetry.js';

/** Provides the app's telemetry. */
export const TELEMETRY_PROVIDER: FactoryProvider<Telemetry> = {
  provide: Telemetry,
  useFactory: () => new OpenTelemetry(),
};

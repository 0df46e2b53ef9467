import { Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';

export type OpenTelemetryApi = typeof import('@opentelemetry/api');

/** Where every copy of the API's version 1 keeps what the app has registered. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

/** True if the app has registered a part of an SDK. Loads nothing. */
export function isOpenTelemetryRegistered(): boolean {
  return (globalThis as { readonly [REGISTRY]?: object })[REGISTRY] !== undefined;
}

/** Loads `@opentelemetry/api`; `undefined` if it is not installed. Telemetry never keeps an app from starting. */
export async function loadOpenTelemetryApi(): Promise<OpenTelemetryApi | undefined> {
  // Bundlers accept that the package is absent only if the `import()` itself is inside a `try`.
  try {
    return await import('@opentelemetry/api');
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') {
      new Logger('GeminiWebhooks').warn(
        `@opentelemetry/api could not be loaded, so there are no spans and metrics: ${messageOf(error)}`,
      );
    }
    return undefined;
  }
}

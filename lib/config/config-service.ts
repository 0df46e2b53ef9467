import type { DynamicModule } from '@nestjs/common';

/**
 * Imports `ConfigModule`, so that what the app gives to be created within our module can inject `ConfigService`: factories,
 * guards of the route, hooks. Loaded only for those, because loading it takes longer than loading our module.
 */
export function configServiceImport(): Promise<DynamicModule> {
  const imported = import('@nestjs/config').then(({ ConfigModule }) => ({ module: ConfigModule }));
  // Nest reports the error when it reads the imports of the module.
  imported.catch(() => undefined);
  return imported;
}

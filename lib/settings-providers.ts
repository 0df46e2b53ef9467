import type { Provider } from '@nestjs/common';
import { GeminiWebhooksError } from './errors.js';
import type { GeminiWebhooksModuleAsyncOptions, GeminiWebhooksOptionsFactory } from './gemini-webhooks.options.js';
import { GEMINI_WEBHOOKS_SETTINGS } from './gemini-webhooks.tokens.js';

/**
 * Where the settings of `forRootAsync` come from.
 *
 * @throws GeminiWebhooksError `invalid_option` without a factory
 */
export function settingsProviders({
  useFactory,
  inject = [],
  useClass,
  useExisting,
}: GeminiWebhooksModuleAsyncOptions): Provider[] {
  if (useFactory)
    return [{ provide: GEMINI_WEBHOOKS_SETTINGS, useFactory: useFactory as (...args: unknown[]) => unknown, inject }];
  const factory = useClass ?? useExisting;
  if (!factory) {
    throw new GeminiWebhooksError(
      'invalid_option',
      'GeminiWebhooksModule.forRootAsync: got no factory. Give useFactory, useClass or useExisting.',
    );
  }
  const settings: Provider = {
    provide: GEMINI_WEBHOOKS_SETTINGS,
    useFactory: (one: GeminiWebhooksOptionsFactory) => one.createGeminiWebhooksOptions(),
    inject: [factory],
  };
  return useClass ? [useClass, settings] : [settings];
}

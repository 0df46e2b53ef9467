import type { Provider } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiWebhooksModuleAsyncOptions } from './async-options.js';
import type { GeminiWebhooksOptionsFactory } from './gemini-webhooks.options.js';
import { GEMINI_WEBHOOKS_SETTINGS } from '../gemini-webhooks.tokens.js';

/**
 * Returns the providers of the settings for `forRootAsync`.
 *
 * @throws GeminiWebhooksError `invalid_option` without a factory, or with more than one
 */
export function settingsProviders({
  useFactory,
  inject = [],
  useClass,
  useExisting,
}: GeminiWebhooksModuleAsyncOptions): Provider[] {
  const given = Object.entries({ useFactory, useClass, useExisting }).filter(([, one]) => one !== undefined);
  if (given.length > 1) {
    throw new GeminiWebhooksError(
      'invalid_option',
      `GeminiWebhooksModule.forRootAsync: got ${given.map(([name]) => name).join(' and ')}. Give one of them.`,
    );
  }
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

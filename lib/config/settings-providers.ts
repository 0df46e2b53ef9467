import type { Provider } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiWebhooksModuleAsyncOptions } from './async-options.js';
import type { GeminiWebhooksOptionsFactory } from './gemini-webhooks.options.js';
import { checkObject, describe } from '../shared/check-object.js';
import { GEMINI_WEBHOOKS_SETTINGS } from '../gemini-webhooks.tokens.js';

const OWNER = 'GeminiWebhooksModule.forRootAsync';
const NEEDS_FACTORY = 'Give useFactory, useClass or useExisting.';

/**
 * Rejects options of `forRootAsync` that Nest could not use: plain JavaScript can pass anything.
 *
 * @throws GeminiWebhooksError `invalid_option`
 */
export function checkAsyncOptions(options: unknown): void {
  checkObject(OWNER, options, { todo: NEEDS_FACTORY });
  const { imports, inject, useFactory } = options as Readonly<Record<string, unknown>>;
  for (const [option, list] of Object.entries({ imports, inject })) {
    if (list !== undefined && !Array.isArray(list)) throw invalid(`${option}: got ${describe(list)}. Give a list.`);
  }
  if (useFactory !== undefined && typeof useFactory !== 'function')
    throw invalid(`useFactory: got ${describe(useFactory)}. Give a function.`);
}

function invalid(fault: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_option', `${OWNER}: ${fault}`);
}

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
    throw invalid(`got ${given.map(([name]) => name).join(' and ')}. Give one of them.`);
  }
  if (useFactory)
    return [{ provide: GEMINI_WEBHOOKS_SETTINGS, useFactory: useFactory as (...args: unknown[]) => unknown, inject }];
  const factory = useClass ?? useExisting;
  if (!factory) {
    throw invalid(`got no factory. ${NEEDS_FACTORY}`);
  }
  const settings: Provider = {
    provide: GEMINI_WEBHOOKS_SETTINGS,
    useFactory: (one: GeminiWebhooksOptionsFactory) => one.createGeminiWebhooksOptions(),
    inject: [factory],
  };
  return useClass ? [useClass, settings] : [settings];
}

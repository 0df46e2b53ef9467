import type { InjectionToken, Provider } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';

/** Providers of the module class without `forRoot`, which replaces them. Each throws when the app starts. */
export function missingOptions(tokens: readonly InjectionToken[]): Provider[] {
  return tokens.map((provide) => ({
    provide,
    useFactory: () => {
      throw new GeminiWebhooksError(
        'invalid_option',
        'GeminiWebhooksModule is imported without options. Import GeminiWebhooksModule.forRoot() or forRootAsync() once. It is global, so other modules do not import it.',
      );
    },
  }));
}

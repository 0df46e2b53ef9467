import type { Provider } from '@nestjs/common';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import { routeUrl, type MountedRoute } from '../config/route-url.js';
import { secretStoreKeys } from '../config/static-webhook.config.js';
import {
  GEMINI_WEBHOOKS_CONFIG,
  GEMINI_WEBHOOKS_INBOX,
  GEMINI_WEBHOOKS_LIVE_SECRETS,
  GEMINI_WEBHOOKS_MOUNT,
} from '../gemini-webhooks.tokens.js';
import { GeminiWebhookEndpoints } from './gemini-webhook-endpoints.js';
import type { DistributedLock } from './webhook-lock.js';
import { StaticWebhookSecrets } from './webhook-secrets.js';

/** Providers of a module instance's static webhooks and their signing secrets. */
export const STATIC_WEBHOOK_PROVIDERS: readonly Provider[] = [
  { provide: GEMINI_WEBHOOKS_LIVE_SECRETS, useFactory: () => new StaticWebhookSecrets() },
  {
    provide: GeminiWebhookEndpoints,
    useFactory: (
      { gemini, name, inboxUrl, publicUrl, binding }: GeminiWebhooksConfig,
      secrets: StaticWebhookSecrets,
      engine: { readonly lock?: DistributedLock },
      mounted: MountedRoute,
    ) =>
      new GeminiWebhookEndpoints({
        ai: gemini,
        host: { registration: name, keys: secretStoreKeys(binding, gemini), inboxUrl },
        secrets,
        lock: engine.lock?.bind(engine),
        routeUri: () => routeUrl('GeminiWebhookEndpoints', publicUrl, mounted, {}).url,
      }),
    inject: [GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_LIVE_SECRETS, GEMINI_WEBHOOKS_INBOX, GEMINI_WEBHOOKS_MOUNT],
  },
];

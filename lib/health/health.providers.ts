import type { Provider } from '@nestjs/common';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import { routeUrl, type MountedRoute } from '../config/route-url.js';
import {
  GEMINI_WEBHOOKS_CONFIG,
  GEMINI_WEBHOOKS_INBOX,
  GEMINI_WEBHOOKS_MOUNT,
  getGeminiToken,
} from '../gemini-webhooks.tokens.js';
import { GeminiInbox } from '../inbox/gemini-inbox.js';
import type { InboxEngine } from '../inbox/inbox-engine.js';
import { SignatureVerifier } from '../signature/signature-verifier.js';
import { deliveredTo, oldestNamed, WebhookMonitor, type WebhookSelector } from '../static-webhooks/webhook-monitor.js';
import { WebhooksApi } from '../static-webhooks/webhooks-api.js';
import { GeminiWebhooksHealth } from './gemini-webhooks-health.js';
import { invalidArgument } from './health-limits.js';

/** Returns the provider of `GeminiWebhooksHealth` for a module instance. */
export function healthProvider(registration: string): Provider {
  return {
    provide: getGeminiToken(GeminiWebhooksHealth, registration),
    useFactory: (
      config: GeminiWebhooksConfig,
      engine: InboxEngine,
      inbox: GeminiInbox,
      verifier: SignatureVerifier,
      mounted: MountedRoute,
    ) =>
      new GeminiWebhooksHealth({
        registration,
        engine,
        inbox,
        keySet: (maxAgeMs) => verifier.keySetStatus(maxAgeMs),
        hasEndpoint: config.endpoint !== false && config.gemini !== undefined,
        webhook: webhookStatus(config, mounted),
      }),
    inject: [
      GEMINI_WEBHOOKS_CONFIG,
      GEMINI_WEBHOOKS_INBOX,
      getGeminiToken(GeminiInbox, registration),
      SignatureVerifier,
      GEMINI_WEBHOOKS_MOUNT,
    ],
  };
}

function webhookStatus({ gemini, endpoint, publicUrl }: GeminiWebhooksConfig, mounted: MountedRoute) {
  const monitor = gemini && new WebhookMonitor(() => new WebhooksApi(gemini).listOnce());
  const selector = (): WebhookSelector => {
    if (endpoint) return oldestNamed(endpoint.name);
    const { url } = routeUrl('GeminiWebhooksHealth.check: webhook', publicUrl, mounted, {});
    return deliveredTo(url);
  };
  return async () => {
    if (monitor) return monitor.status(selector());
    throw invalidArgument('webhook: there is no Gemini client. Set GEMINI_API_KEY, or give the option gemini.');
  };
}

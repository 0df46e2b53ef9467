import type { FactoryProvider } from '@nestjs/common';
import { GEMINI_WEBHOOKS_INBOX, getGeminiToken } from '../gemini-webhooks.tokens.js';
import { DeliveryReports } from './delivery-reports.js';
import { GeminiFailedEvents } from './failed-events.js';
import { GeminiInbox } from './gemini-inbox.js';
import type { InboxEngine } from './inbox-engine.js';

/** Returns what users inject to reach the inbox of a module instance. */
export function inboxProviders(registration: string): FactoryProvider[] {
  return [
    {
      provide: getGeminiToken(GeminiInbox, registration),
      useFactory: (engine: InboxEngine, reports: DeliveryReports) => new GeminiInbox(engine, reports),
      inject: [GEMINI_WEBHOOKS_INBOX, DeliveryReports],
    },
    {
      provide: getGeminiToken(GeminiFailedEvents, registration),
      useFactory: ({ failedEvents }: InboxEngine) => new GeminiFailedEvents(failedEvents),
      inject: [GEMINI_WEBHOOKS_INBOX],
    },
  ];
}

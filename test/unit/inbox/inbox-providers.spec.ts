import { describe, expect, it } from '@jest/globals';
import { DeliveryReports } from '../../../lib/inbox/delivery-reports.js';
import { GeminiFailedEvents, type FailedEventStore } from '../../../lib/inbox/failed-events.js';
import { GeminiInbox } from '../../../lib/inbox/gemini-inbox.js';
import type { InboxEngine } from '../../../lib/inbox/inbox-engine.js';
import { inboxProviders } from '../../../lib/inbox/inbox-providers.js';

describe('the providers of an inbox', () => {
  it("give users the inbox and the failed events of the module instance's engine", async () => {
    const failedEvents = { list: async () => ['the failed events'] } as unknown as FailedEventStore;
    const engine = { failedEvents } as InboxEngine;
    const [inbox, failed] = inboxProviders('default').map(({ useFactory }) =>
      useFactory(engine, new DeliveryReports()),
    ) as [GeminiInbox, GeminiFailedEvents];

    expect(inbox).toBeInstanceOf(GeminiInbox);
    expect(failed).toBeInstanceOf(GeminiFailedEvents);
    expect(await failed.list()).toEqual(['the failed events']);
  });
});

import { Injectable, type ModuleMetadata, type Type } from '@nestjs/common';
import {
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiWebhooksModuleOptions,
} from '../../lib/index.js';
import { newSecret } from './senders.js';

/** An app's metadata with one module instance and a handler that records every event. */
export interface Receiver {
  readonly secret: string;
  /** Events that the handler received, in order. */
  readonly events: GeminiEvent[];
  readonly metadata: { imports: NonNullable<ModuleMetadata['imports']>; providers: Type[] };
}

export function receiver(options: GeminiWebhooksModuleOptions = {}, secret = newSecret()): Receiver {
  const events: GeminiEvent[] = [];

  @Injectable()
  class EveryEvent {
    @OnGeminiEvent('*')
    note(event: GeminiEvent) {
      events.push(event);
    }
  }

  return {
    secret,
    events,
    metadata: {
      imports: [GeminiWebhooksModule.forRoot({ hmac: { secrets: secret }, jwks: false, gemini: false, ...options })],
      providers: [EveryEvent],
    },
  };
}

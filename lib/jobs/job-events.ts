import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { GeminiWebhooksConfig } from '../gemini-webhooks.config.js';
import { GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_INBOX } from '../gemini-webhooks.tokens.js';
import { HandlerRegistry } from '../handlers/handler-registry.js';
import type { InboxEngine } from '../inbox/inbox-engine.js';

/** Tells the tracked jobs of each event: one more handler, with the retries and the once of all others. */
@Injectable()
export class JobEvents implements OnModuleInit {
  readonly #registration: string;
  readonly #engine: InboxEngine;
  readonly #registry: HandlerRegistry;

  constructor(
    @Inject(GEMINI_WEBHOOKS_CONFIG) { name }: GeminiWebhooksConfig,
    @Inject(GEMINI_WEBHOOKS_INBOX) engine: InboxEngine,
    registry: HandlerRegistry,
  ) {
    this.#registration = name;
    this.#engine = engine;
    this.#registry = registry;
  }

  onModuleInit(): void {
    const { jobs } = this.#engine;
    if (!jobs) return;
    this.#registry.add([
      {
        name: `GeminiJobs(${this.#registration})`,
        patterns: ['batch.*', 'video.*', 'interaction.*'],
        timeoutMs: undefined,
        invoke: async (event) => {
          if (event.delivery.registration === this.#registration) await jobs.notice(event);
        },
      },
    ]);
  }
}

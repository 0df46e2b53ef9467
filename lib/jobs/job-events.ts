import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { GeminiWebhooksConfig } from '../config/gemini-webhooks.config.js';
import { GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_INBOX } from '../gemini-webhooks.tokens.js';
import { HandlerRegistry } from '../handlers/handler-registry.js';
import type { InboxEngine } from '../inbox/inbox-engine.js';

/** Passes each event to the tracked jobs. Registered as a handler, so that it is retried and checkpointed like the others. */
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
        isInternal: true,
        invoke: async (event) => {
          const { delivery, type } = event;
          // A `*.lost` notice does not end a job.
          if (delivery.registration === this.#registration && !type.endsWith('.lost')) await jobs.notice(event);
        },
      },
    ]);
  }
}

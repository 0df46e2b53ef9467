import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { GEMINI_WEBHOOKS_CONFIG, GEMINI_WEBHOOKS_INBOX } from '../gemini-webhooks.tokens.js';
import { ATTRIBUTES } from './attributes.js';
import { Telemetry } from './telemetry.js';

/** An inbox that can count its events. */
interface CountedInbox {
  stats?(): Promise<{ readonly failed: number; readonly oldestAgeMs?: number | undefined }>;
}

/** Reports the state of an inbox whenever the app collects metrics. */
@Injectable()
export class GaugeReports implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #registration: string;
  readonly #inbox: CountedInbox;
  readonly #telemetry: Telemetry | undefined;
  #stop: (() => void) | undefined;
  #isClosed = false;

  constructor(
    @Inject(GEMINI_WEBHOOKS_CONFIG) { name }: { readonly name: string },
    @Inject(GEMINI_WEBHOOKS_INBOX) inbox: CountedInbox,
    @Inject(Telemetry) telemetry: Telemetry | undefined,
  ) {
    this.#registration = name;
    this.#inbox = inbox;
    this.#telemetry = telemetry;
  }

  onApplicationBootstrap(): void {
    if (this.#isClosed || !this.#inbox.stats) return;
    this.#stop = this.#telemetry?.observe(
      ['gemini.webhooks.inbox.oldest_age', 'gemini.webhooks.inbox.failed_events'],
      () => this.#read(),
      { [ATTRIBUTES.registration]: this.#registration },
    );
  }

  onModuleDestroy(): void {
    this.#isClosed = true;
    this.#stop?.();
  }

  async #read(): Promise<
    Partial<Record<'gemini.webhooks.inbox.oldest_age' | 'gemini.webhooks.inbox.failed_events', number>>
  > {
    const stats = await this.#inbox.stats?.();
    if (!stats) return {};
    const { failed, oldestAgeMs = 0 } = stats;
    return { 'gemini.webhooks.inbox.oldest_age': oldestAgeMs / 1_000, 'gemini.webhooks.inbox.failed_events': failed };
  }
}

import type { Logger } from '@nestjs/common';
import type { GeminiEvent } from '../events/gemini-event.js';

/** Bounds the memory, because a sender can invent any number of types. */
const MAX_TYPES = 100;

/** Warns once per type and process about events that have neither a handler nor a subscriber. */
export class UnhandledEvents {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #warned = new Set<string>();

  constructor(logger: Pick<Logger, 'warn'>) {
    this.#logger = logger;
  }

  warn({ type, delivery }: GeminiEvent): void {
    if (this.#warned.has(type) || this.#warned.size >= MAX_TYPES) return;
    this.#warned.add(type);
    this.#logger.warn(
      `No handler in this process receives ${JSON.stringify(type).slice(0, 100)} (delivery ${delivery.id}), and the event bus has no subscribers. ` +
        'It counts as handled. Further events of this type are not reported.',
    );
  }
}

import { Injectable } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import { catalogueType } from '../events/event-catalogue.js';
import { matchesPattern } from '../events/event-pattern.js';
import type { EventHandler } from './event-handler.js';

/** Every handler of the app, by the events it wants. */
@Injectable()
export class HandlerRegistry {
  #handlers: readonly EventHandler[] = [];
  readonly #byType = new Map<string, readonly EventHandler[]>();

  /** All of them, in the order in which they were found. */
  get handlers(): readonly EventHandler[] {
    return this.#handlers;
  }

  /** @throws GeminiWebhooksError `invalid_handler` when two have the same name: checkpoints could not tell them apart */
  add(handlers: readonly EventHandler[]): void {
    const names = new Set(this.#handlers.map(({ name }) => name));
    for (const { name } of handlers) {
      if (names.has(name)) {
        throw new GeminiWebhooksError(
          'invalid_handler',
          `Two handlers of Gemini events are called "${name}". If one class is provided by two modules, export it from one and import that; ` +
            "else give one of them a name of its own: @OnGeminiEvent(…, { name: '…' }).",
        );
      }
      names.add(name);
    }
    this.#handlers = [...this.#handlers, ...handlers];
    this.#byType.clear();
  }

  /** The handlers that want events of this type, as the catalogue names it. */
  matching(type: string): readonly EventHandler[] {
    // Unknown types are whatever a sender writes: they share one entry, so that they cannot fill the map.
    const key = catalogueType(type) ?? '';
    let found = this.#byType.get(key);
    if (!found) {
      found = this.#handlers.filter(({ patterns }) => matchesPattern(key, patterns));
      this.#byType.set(key, found);
    }
    return found;
  }
}

import { Injectable } from '@nestjs/common';
import { GeminiWebhooksError } from '../errors.js';
import { catalogueType } from '../events/event-catalogue.js';
import { matchesPattern } from '../events/event-pattern.js';
import type { EventHandler } from './event-handler.js';

/** All handlers of the app, by the events that they handle. */
@Injectable()
export class HandlerRegistry {
  #handlers: readonly EventHandler[] = [];
  readonly #byType = new Map<string, readonly EventHandler[]>();

  #areExpected = false;
  #areStored = false;

  /** True if an inbox of this process runs handlers. */
  get areExpected(): boolean {
    return this.#areExpected;
  }

  /** @param isDurable true for an inbox that stores the names of handlers */
  expect({ isDurable }: { readonly isDurable: boolean }): void {
    this.#areExpected = true;
    this.#areStored ||= isDurable;
  }

  /** True if an inbox of this process that runs handlers stores their names. */
  get areStored(): boolean {
    return this.#areStored;
  }

  /** All handlers, in the order of discovery. */
  get handlers(): readonly EventHandler[] {
    return this.#handlers;
  }

  /** Patterns of the users' handlers, without duplicates. */
  get patterns(): readonly string[] {
    const own = this.#handlers.filter(({ isInternal }) => !isInternal);
    return [...new Set(own.flatMap(({ patterns }) => patterns))];
  }

  /** @throws GeminiWebhooksError `invalid_handler` if two have the same name, because checkpoints are stored by name */
  add(handlers: readonly EventHandler[]): void {
    const names = new Set(this.#handlers.map(({ name }) => name));
    for (const { name } of handlers) {
      if (names.has(name)) {
        throw new GeminiWebhooksError(
          'invalid_handler',
          `Two handlers of Gemini events are named "${name}". If two modules provide the class, export it from one and import that module in the other. ` +
            'If the class has two tokens, use useExisting for the second. ' +
            "Otherwise give one handler its own name with @OnGeminiEvent(…, { name: '…' }). For an inherited method, override it first.",
        );
      }
      names.add(name);
    }
    this.#handlers = [...this.#handlers, ...handlers];
    this.#byType.clear();
  }

  /** Returns the handlers of events of a type, given by its catalogue name. */
  matching(type: string): readonly EventHandler[] {
    // A sender can invent any number of unknown types. They share one entry, so that they cannot fill the map.
    const key = catalogueType(type) ?? '';
    let found = this.#byType.get(key);
    if (!found) {
      found = this.#handlers.filter(({ patterns }) => matchesPattern(key, patterns));
      this.#byType.set(key, found);
    }
    return found;
  }
}

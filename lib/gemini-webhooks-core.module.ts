import { Injectable, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { GeminiEventBus } from './bus/gemini-event-bus.js';
import { GeminiWebhooksError } from './errors.js';
import type { GeminiWebhooksRoute } from './gemini-webhooks.route.js';
import { EventDispatcher } from './handlers/event-dispatcher.js';
import { HandlerExplorer } from './handlers/handler-explorer.js';
import { HandlerRegistry } from './handlers/handler-registry.js';

/** The registrations of one app: no two of one name, and no two on one path. */
@Injectable()
export class Registrations {
  readonly #routes: GeminiWebhooksRoute[] = [];

  /** @throws GeminiWebhooksError `invalid_option` */
  add(route: GeminiWebhooksRoute): void {
    const { registration, path, controller } = route;
    if (this.#routes.some((one) => one.registration === registration)) {
      throw new GeminiWebhooksError(
        'invalid_option',
        `GeminiWebhooksModule: name: two registrations are called "${registration}". Import one module in both places, or give each a name: forRoot({ name: '…', path: '…' }).`,
      );
    }
    const rival = this.#routes.find(
      (one) => controller && one.controller && one.path.toLowerCase() === path.toLowerCase(),
    );
    if (rival) {
      throw new GeminiWebhooksError(
        'invalid_option',
        `GeminiWebhooksModule: path: the registrations "${rival.registration}" and "${registration}" are both at "${path}". Give each a path of its own.`,
      );
    }
    this.#routes.push(route);
  }
}

/** What an app has once, however many registrations it has: its handlers and its bus hear all of them. */
@Module({
  imports: [DiscoveryModule],
  providers: [Registrations, HandlerRegistry, HandlerExplorer, EventDispatcher, GeminiEventBus],
  exports: [Registrations, HandlerRegistry, EventDispatcher, GeminiEventBus],
})
export class GeminiWebhooksCoreModule {
  constructor(dispatcher: EventDispatcher, bus: GeminiEventBus) {
    dispatcher.failures$.subscribe((failure) => bus.fail(failure));
  }
}

import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { problemException } from '../problem.js';
import type { InboxEngine, InboxReceipt } from './inbox-engine.js';

/** Takes verified deliveries into custody. What the built-in route does, for a route of your own. */
export class GeminiInbox implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #engine: InboxEngine;
  readonly #logger = new Logger('GeminiWebhooks');

  constructor(engine: InboxEngine) {
    this.#engine = engine;
  }

  /**
   * Takes the delivery and tells what to answer: `httpStatus` 200 or 202 means that the event can no longer be lost.
   *
   * @example
   * const receipt = await this.inbox.accept(delivery);
   * response.status(receipt.httpStatus).json({ status: receipt.status });
   *
   * @throws GeminiProblemException an `HttpException`: 500 `handler_failed`, 503 `still_processing` or `inbox_unavailable`
   */
  async accept(delivery: VerifiedDelivery): Promise<InboxReceipt> {
    try {
      return await this.#engine.accept(delivery);
    } catch (error) {
      if (!(error instanceof GeminiWebhooksError)) {
        this.#logger.error(`The inbox could not take ${delivery.event.type} ${delivery.id}: ${messageOf(error)}`);
      }
      throw problemException(error, delivery);
    }
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#engine.start?.();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#engine.close();
  }
}

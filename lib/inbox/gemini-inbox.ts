import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { problemException } from '../problem.js';
import type { DeliveryReports } from './delivery-reports.js';
import type { InboxEngine, InboxReceipt } from './inbox-engine.js';

/** Accepts verified deliveries. Use it in your own route, as the built-in route does. */
export class GeminiInbox implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #engine: InboxEngine;
  readonly #reports: DeliveryReports | undefined;
  readonly #logger = new Logger('GeminiWebhooks');

  constructor(engine: InboxEngine, reports?: DeliveryReports) {
    this.#engine = engine;
    this.#reports = reports;
  }

  /**
   * Accepts the delivery and returns the response for Google: `httpStatus` 200 or 202 means that the event can no longer be
   * lost.
   *
   * @example
   * const receipt = await this.inbox.accept(delivery);
   * response.status(receipt.httpStatus).json({ status: receipt.status });
   *
   * @throws GeminiProblemException an `HttpException`: 500 `handler_failed`, 503 `still_processing` or `inbox_unavailable`
   */
  async accept(delivery: VerifiedDelivery): Promise<InboxReceipt> {
    try {
      const receipt = await this.#engine.accept(delivery);
      this.#reports?.accepted(delivery, receipt);
      return receipt;
    } catch (error) {
      this.#reports?.notAccepted(delivery, error);
      if (!(error instanceof GeminiWebhooksError)) {
        this.#logger.error(`The inbox could not accept ${delivery.event.type} ${delivery.id}: ${messageOf(error)}`);
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

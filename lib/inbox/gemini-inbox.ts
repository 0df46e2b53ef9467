import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { isObject } from '../shared/is-object.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { problemException } from '../problem.js';
import type { DeliveryReports } from './delivery-reports.js';
import type { InboxEngine, InboxReceipt } from './inbox-engine.js';
import type { GeminiInboxStats } from './inbox-stats.js';

/** Accepts verified deliveries. Use it in your own route, as the built-in route does. */
export class GeminiInbox implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #engine: InboxEngine;
  readonly #reports: DeliveryReports | undefined;
  readonly #logger = new Logger('GeminiWebhooks');
  #lastDeliveryAt: Date | undefined;
  #isClosed = false;

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
   * @throws GeminiWebhooksError `invalid_argument` for what is not a verified delivery
   */
  async accept(delivery: VerifiedDelivery): Promise<InboxReceipt> {
    if (!isObject(delivery) || !isObject(delivery.event)) {
      throw new GeminiWebhooksError(
        'invalid_argument',
        'GeminiInbox.accept: got no verified delivery. Give that of @GeminiDelivery(), on a route with GeminiSignatureGuard.',
      );
    }
    this.#lastDeliveryAt = new Date();
    try {
      return await (this.#reports
        ? this.#reports.accept(delivery, () => this.#engine.accept(delivery))
        : this.#engine.accept(delivery));
    } catch (error) {
      if (!(error instanceof GeminiWebhooksError)) {
        this.#logger.error(`The inbox could not accept ${delivery.event.type} ${delivery.id}: ${messageOf(error)}`);
      }
      throw problemException(error, delivery);
    }
  }

  /** Time of the last verified delivery in this process, accepted or not; `undefined` before the first. */
  get lastDeliveryAt(): Date | undefined {
    return this.#lastDeliveryAt;
  }

  /**
   * Counts the events by state, across all processes of a durable inbox. One small request to the store, which does not grow
   * with the size of the events.
   *
   * @example
   * const { waiting, failed, oldestAgeMs } = await this.inbox.stats();
   *
   * @throws GeminiWebhooksError `inbox_unavailable` if the store does not answer within 2 s; `invalid_argument` for a custom
   * inbox without `stats`
   */
  async stats(): Promise<GeminiInboxStats> {
    if (this.#engine.stats) return this.#engine.stats();
    throw new GeminiWebhooksError(
      'invalid_argument',
      'GeminiInbox.stats: the custom inbox does not count its events. Add a stats() method to its InboxEngine.',
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    // An app that is closed while it starts still runs this hook afterwards.
    if (!this.#isClosed) await this.#engine.start?.();
  }

  async onModuleDestroy(): Promise<void> {
    this.#isClosed = true;
    await this.#engine.close();
  }
}

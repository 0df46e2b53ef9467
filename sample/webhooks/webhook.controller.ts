import { Controller, Headers, Post, Res, UseFilters, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { GeminiDelivery, GeminiInbox, GeminiProblemException, GeminiSignatureGuard } from 'nestjs-gemini-webhooks';
import { WEBHOOK_PATH } from '../settings.js';
import { DeliveryLog } from './delivery-log.js';
import { RefusalFilter } from './refusal.filter.js';

/** Where Gemini delivers. What the package's own route does, and each POST is written down for the page. */
@Controller(WEBHOOK_PATH)
@UseFilters(RefusalFilter)
export class WebhookController {
  readonly #inbox: GeminiInbox;
  readonly #log: DeliveryLog;

  constructor(inbox: GeminiInbox, log: DeliveryLog) {
    this.#inbox = inbox;
    this.#log = log;
  }

  @Post()
  @UseGuards(GeminiSignatureGuard)
  async receive(
    @GeminiDelivery() delivery: GeminiDelivery,
    @Headers('webhook-signature') signature: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    try {
      const { status, httpStatus } = await this.#inbox.accept(delivery);
      response.status(httpStatus).json({ status });
      const outcome = status === 'duplicate' ? 'duplicate' : 'accepted';
      void this.#log.add({ outcome, status: httpStatus }, signature, delivery);
    } catch (error) {
      // The guard's refusals are the filter's; of this one it is known whose it was.
      if (error instanceof GeminiProblemException) {
        const answer = { outcome: 'unavailable', status: error.getStatus(), code: error.code } as const;
        void this.#log.add(answer, signature, delivery);
      }
      throw error;
    }
  }
}

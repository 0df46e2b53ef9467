import { Injectable, Logger } from '@nestjs/common';
import { OnGeminiEvent, outputUri, type GeminiEventOf, type GeminiHandlerContext } from 'nestjs-gemini-webhooks';
import { Pager } from './pager.js';

@Injectable()
export class BatchHandlers {
  readonly #logger = new Logger();
  readonly #pager: Pager;

  constructor(pager: Pager) {
    this.#pager = pager;
  }

  @OnGeminiEvent('batch.succeeded')
  publish(event: GeminiEventOf<'batch.succeeded'>, { handler }: GeminiHandlerContext): void {
    this.#logger.log(`${event.resource?.name} is done, its results are at ${outputUri(event)}`, handler);
  }

  /** What throws is tried again with Gemini's next delivery; the other handlers of the event are left alone. */
  @OnGeminiEvent(['batch.failed', 'batch.expired'], { timeoutMs: 10_000 })
  async alert(
    event: GeminiEventOf<'batch.failed' | 'batch.expired'>,
    { handler, attempt, signal }: GeminiHandlerContext,
  ): Promise<void> {
    const reason = event.type === 'batch.failed' ? event.data.error_message : 'it took longer than 48 hours';
    await this.#pager.page(`${event.resource?.name} came to nothing: ${reason}`, signal);
    this.#logger.log(`${event.resource?.name}: somebody was paged (attempt ${attempt})`, handler);
  }
}

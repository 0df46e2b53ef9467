import { Injectable, Logger } from '@nestjs/common';
import { OnGeminiEvent, type GeminiEvent, type GeminiHandlerContext } from 'nestjs-gemini-webhooks';

@Injectable()
export class AuditHandlers {
  readonly #logger = new Logger();

  /** `*` also gets event types that Gemini adds after this version of the package. */
  @OnGeminiEvent('*')
  record(event: GeminiEvent, { handler, delivery }: GeminiHandlerContext): void {
    this.#logger.log(`${event.type}, ${delivery.id}, vouched for by ${delivery.strategy}`, handler);
  }
}

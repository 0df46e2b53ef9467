import { Injectable, Logger } from '@nestjs/common';
import { OnGeminiEvent, outputUri, type GeminiEventOf, type GeminiHandlerContext } from 'nestjs-gemini-webhooks';

@Injectable()
export class VideoHandlers {
  readonly #logger = new Logger();

  /** `userMetadata` is what `Orders.film` started the video with. */
  @OnGeminiEvent('video.generated')
  deliver(event: GeminiEventOf<'video.generated'>, { handler }: GeminiHandlerContext): void {
    this.#logger.log(`the video of order ${String(event.userMetadata['order'])} is at ${outputUri(event)}`, handler);
  }
}
